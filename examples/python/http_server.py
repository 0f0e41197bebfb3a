"""An HTTP server whose handler is JavaScript: node:vm's example "Running an HTTP server within a VM", as it is there.

The sockets are Python's http.server; the module `http` is what this program makes of it and gives to require.

  http_server.py            serves the two programs below, and asks them
  http_server.py FILE.js    serves that one until Ctrl-C
"""

import os
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Optional

import jsvm

DOCUMENTED = r"""'use strict';
const vm = require('node:vm');

const code = `
((require) => {
  const http = require('node:http');

  http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.end('Hello World\\n');
  }).listen(8124);

  console.log('Server running at http://127.0.0.1:8124/');
})`;

vm.runInThisContext(code)(require);
"""

ROUTES = """
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const routes = {
  '/method': (request) => `${request.method} from ${request.headers['x-from']}`,
  '/echo': async (request) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    return body.toUpperCase();
  },
  '/later': async () => { await sleep(20); return 'later'; },
  '/throw': () => missing.property,
  '/loop': () => { for (;;); },
};
require('node:http').createServer(async (request, response) => {
  const route = routes[request.url];
  response.writeHead(route ? 200 : 404, { 'Content-Type': 'text/plain' });
  response.end(route ? await route(request) : 'no such route');
}).listen(0);
"""

# What only JavaScript can say: `for await` reads the body.
REQUEST = """(method, url, headers, body) => ({
  method, url, headers, async *[Symbol.asyncIterator]() { if (body) yield body; },
})"""

#: Seconds that a handler may take.
LIMIT = 1.0


class Response:
    """What a handler fills."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: Any = {}
        self.body: list[bytes] = []
        self.ended = False

    def write_head(self, status: int, headers: Optional[jsvm.JSObject] = None) -> None:
        self.status = int(status)
        # Live objects are only looked at when they are used; this takes it out of JavaScript at once.
        self.headers = headers.copy() if headers else {}

    def write(self, chunk: Any = None) -> None:
        if isinstance(chunk, str):
            self.body.append(chunk.encode())
        elif isinstance(chunk, jsvm.JSBuffer):
            self.body.append(bytes(chunk))
        elif chunk:
            raise TypeError("a chunk is a string or a Uint8Array")

    def end(self, chunk: Any = None) -> None:
        self.write(chunk)
        self.ended = True


class Http:
    """The module `http` of a context."""

    def __init__(self, context: jsvm.Context) -> None:
        self.isolate = context.isolate
        self.request = context.eval(REQUEST)
        self.servers: list[ThreadingHTTPServer] = []
        # A dict becomes an object, its functions JavaScript's.
        context.provide_module("http", {"createServer": self.create_server})

    def create_server(self, handler: jsvm.JSFunction) -> Any:
        return {"listen": lambda port: self.listen(port, handler)}

    def listen(self, port: int, handler: jsvm.JSFunction) -> None:
        http = self

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                response = Response()
                try:
                    http.answer(handler, http.request(self.command, self.path, headers, body), response)
                except Exception:
                    # The handler threw, or took too long: only this request suffers.
                    response = Response()
                    response.status = 500
                    self.log_message("%s", traceback.format_exc())
                data = b"".join(response.body)
                self.send_response(response.status)
                for name, value in {"Content-Length": len(data), **response.headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do

            def log_message(self, format: str, *arguments: Any) -> None:
                if len(sys.argv) > 1:
                    super().log_message(format, *arguments)

        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError:
            # The port is in use: the system chooses another one, so that the example always runs.
            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler: jsvm.JSFunction, request: Any, response: Response) -> None:
        """In a thread of the server's: while one runs JavaScript, the others wait for the isolate."""
        end = time.monotonic() + LIMIT
        methods = {"writeHead": response.write_head, "write": response.write, "end": response.end}
        result = handler(request, methods, timeout=LIMIT)
        if isinstance(result, jsvm.JSPromise):
            # Lets timers and promises run until it settles, and raises what it was rejected with.
            result.result(timeout=LIMIT)
        while not response.ended:
            if time.monotonic() > end or not self.isolate.run_tasks(0.1, timeout=LIMIT):
                raise TimeoutError("the handler has not ended its response")


def ask(server: ThreadingHTTPServer, path: str, body: Optional[str] = None) -> None:
    """A real request, and what comes back."""
    url = f"http://127.0.0.1:{server.server_port}{path}"
    data = None if body is None else body.encode()
    try:
        reply = urllib.request.urlopen(urllib.request.Request(url, data, {"X-From": "urllib"}), timeout=10)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        print(f"{path}: {reply.status} {reply.headers['Content-Type']}: {reply.read().decode()!r}")


def main(files: list[str]) -> None:
    with jsvm.Isolate() as isolate:
        context = isolate.context()
        # console.log prints by Python's stdout, so that nothing overtakes.
        context.install("console", "timers", "require", write=lambda stream, data: sys.stdout.write(data.decode()))
        http = Http(context)
        if files:
            context.globals["require"](os.path.abspath(files[0]))
            wait(http.servers)
        else:
            context.eval(DOCUMENTED)
            context.eval(ROUTES)
            documented, routes = http.servers
            ask(documented, "/?from=python")
            for path in ("/method", "/later", "/nowhere", "/throw", "/loop", "/method"):
                ask(routes, path)
            ask(routes, "/echo", "hello")
        for server in http.servers:
            server.shutdown()
            server.server_close()


def wait(servers: list[ThreadingHTTPServer]) -> None:
    for server in servers:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    try:
        threading.Event().wait(None if servers else 0)
    except KeyboardInterrupt:
        pass


main(sys.argv[1:])

/*
 * An HTTP server whose handler is JavaScript: node:vm's example "Running an HTTP server within a VM", as it is there. The
 * sockets are C's; the module `http` is what this program makes of them and gives to require. It answers one request,
 * which it sends itself.
 *
 *   http_server            serves the program below
 *   http_server FILE.js    serves that one
 */
#include "example.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static const char program[] =
    "'use strict';\n"
    "const vm = require('node:vm');\n"
    "\n"
    "const code = `\n"
    "((require) => {\n"
    "  const http = require('node:http');\n"
    "\n"
    "  http.createServer((request, response) => {\n"
    "    response.writeHead(200, { 'Content-Type': 'text/plain' });\n"
    "    response.end('Hello World\\\\n');\n"
    "  }).listen(8124);\n"
    "\n"
    "  console.log('Server running at http://127.0.0.1:8124/');\n"
    "})`;\n"
    "\n"
    "vm.runInThisContext(code)(require);\n";

/* What is easier in JavaScript: `listen(port, answer)` is the C function below. A response is complete when the handler
 * returns; host_function.c shows the promise that it would take otherwise. */
static const char http[] =
    "(listen) => ({\n"
    "  createServer: (handler) => ({\n"
    "    listen(port) {\n"
    "      listen(port, (method, url) => {\n"
    "        let head = '', body = '';\n"
    "        handler({ method, url }, {\n"
    "          writeHead(status, headers = {}) {\n"
    "            head = `HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'Error'}\\r\\n`;\n"
    "            for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\\r\\n`;\n"
    "          },\n"
    "          write(text) { body += text; },\n"
    "          end(text = '') { body += text; },\n"
    "        });\n"
    "        return `${head || 'HTTP/1.1 200 OK\\r\\n'}Connection: close\\r\\n\\r\\n${body}`;\n"
    "      });\n"
    "      return this;\n"
    "    },\n"
    "  }),\n"
    "})";

typedef struct server {
  int socket;
  struct sockaddr_in address;
  jsvm_value *answer;
} server;

/* listen(port, answer) */
static uint32_t start_to_listen(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  server *server = userdata;
  socklen_t size = sizeof server->address;
  struct sockaddr *address = (struct sockaddr *)&server->address;
  (void)result;
  if (server->answer != NULL || call->argc != 2 || call->args[0].kind != JSVM_KIND_NUMBER ||
      call->args[1].kind != JSVM_KIND_FUNCTION) {
    return JSVM_STATUS_INVALID_ARGUMENT;
  }
  server->socket = socket(AF_INET, SOCK_STREAM, 0);
  server->address.sin_family = AF_INET;
  server->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  server->address.sin_port = htons((uint16_t)call->args[0].number);
  if (bind(server->socket, address, size) != 0) {
    /* The port is in use: the system chooses another one, so that the example always runs. */
    server->address.sin_port = 0;
    if (bind(server->socket, address, size) != 0) {
      return JSVM_STATUS_UNSUPPORTED;
    }
  }
  if (listen(server->socket, 8) != 0 || getsockname(server->socket, address, &size) != 0) {
    return JSVM_STATUS_UNSUPPORTED;
  }
  /* The arguments die when this function returns: this is a second owner. */
  server->answer = jsvm_value_clone(call->args[1].handle);
  return JSVM_STATUS_OK;
}

/* The client: one request, and what comes back. */
static void *ask(void *data) {
  const server *server = data;
  static const char request[] = "GET /?from=c HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  char buffer[512];
  ssize_t got;
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (const struct sockaddr *)&server->address, sizeof server->address) == 0 &&
      write(connection, request, sizeof request - 1) > 0) {
    while ((got = read(connection, buffer, sizeof buffer)) > 0) {
      for (ssize_t i = 0; i < got; i++) {
        if (buffer[i] != '\r') {
          putchar(buffer[i]);
        }
      }
    }
  }
  close(connection);
  return NULL;
}

/* Reads the head of a request, and writes what JavaScript answers. */
static void serve(const server *server, int connection) {
  static const char failed[] = "HTTP/1.1 500 Error\r\nConnection: close\r\n\r\n";
  char request[4096] = "", method[16] = "", url[1024] = "";
  size_t length = 0;
  ssize_t got;
  while (length < sizeof request - 1 && strstr(request, "\r\n\r\n") == NULL &&
         (got = read(connection, request + length, sizeof request - 1 - length)) > 0) {
    length += (size_t)got;
    request[length] = '\0';
  }
  sscanf(request, "%15s %1023s", method, url);

  jsvm_slot arguments[] = {{.kind = JSVM_KIND_STRING, .data = method, .len = JSVM_AUTO_LENGTH},
                           {.kind = JSVM_KIND_STRING, .data = url, .len = JSVM_AUTO_LENGTH}};
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 1000};
  jsvm_slot response;
  jsvm_error *error;
  if (jsvm_function_call(server->answer, NULL, arguments, 2, &limits, &response, &error) == JSVM_STATUS_OK) {
    (void)!write(connection, response.data, response.len);
  } else {
    /* The handler threw, or took longer than a second: only this request suffers. */
    fprintf(stderr, "%s\n", jsvm_error_message(error));
    (void)!write(connection, failed, sizeof failed - 1);
  }
  jsvm_slot_clear(&response);
  jsvm_error_free(error);
}

/* The module `http`, made of `listen`, for the context's require. */
static void provide_http(const jsvm_context *context, server *server) {
  jsvm_slot make, module, listener = {.kind = JSVM_KIND_FUNCTION};
  jsvm_error *error;
  CHECK(jsvm_function_new(context, NULL, start_to_listen, server, NULL, &listener.handle, &error));
  CHECK(jsvm_context_evaluate(context, http, JSVM_AUTO_LENGTH, NULL, NULL, &make, &error));
  CHECK(jsvm_function_call(make.handle, NULL, &listener, 1, NULL, &module, &error));
  CHECK(jsvm_context_provide_module(context, "http", JSVM_AUTO_LENGTH, &module, &error));
  jsvm_slot_clear(&make);
  jsvm_slot_clear(&module);
  jsvm_value_free(listener.handle);
}

int main(int argc, char **argv) {
  jsvm_error *error;
  jsvm_isolate *isolate;
  jsvm_context *context;
  jsvm_slot require, ignored;
  server server = {.socket = -1};
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));
  CHECK(jsvm_isolate_main_context(isolate, &context, &error));
  CHECK(jsvm_context_install(context, JSVM_PART_CONSOLE | JSVM_PART_REQUIRE, NULL, &error));
  provide_http(context, &server);

  if (argc > 1) {
    jsvm_slot file = {.kind = JSVM_KIND_STRING, .data = argv[1], .len = JSVM_AUTO_LENGTH};
    CHECK(jsvm_context_evaluate(context, "require", JSVM_AUTO_LENGTH, NULL, NULL, &require, &error));
    CHECK(jsvm_function_call(require.handle, NULL, &file, 1, NULL, &ignored, &error));
    jsvm_slot_clear(&require);
  } else {
    CHECK(jsvm_context_evaluate(context, program, JSVM_AUTO_LENGTH, NULL, NULL, &ignored, &error));
  }
  jsvm_slot_clear(&ignored);

  if (server.answer != NULL) {
    pthread_t client;
    if (pthread_create(&client, NULL, ask, &server) != 0) {
      return EXIT_FAILURE;
    }
    int connection = accept(server.socket, NULL, NULL);
    serve(&server, connection);
    close(connection);
    pthread_join(client, NULL);
    close(server.socket);
  }
  jsvm_value_free(server.answer);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

// The guest's node:http, as far as this example goes. `listen(port, answer)` is Go's: it gives the address, and calls answer
// with each request; the promise that it returns tells the response.
(listen) => {
  class ServerResponse {
    statusCode = 200;
    writableEnded = false;
    #headers = {};
    #body = [];
    #done;

    constructor(done) {
      this.#done = done;
    }

    setHeader(name, value) {
      this.#headers[name] = [value].flat().map(String);
      return this;
    }

    writeHead(status, headers = {}) {
      this.statusCode = status;
      for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
      return this;
    }

    write(text) {
      this.#body.push(text);
      return true;
    }

    end(text = '') {
      this.writableEnded = true;
      this.#body.push(text);
      this.#done({ status: this.statusCode, headers: this.#headers, body: this.#body.join('') });
      return this;
    }
  }

  const createServer = (handler) => {
    let address = null;
    const answer = (request) =>
      new Promise((resolve, reject) => {
        // The handler may be async; what it throws ends its request.
        Promise.try(handler, request, new ServerResponse(resolve)).catch(reject);
      });
    return {
      address: () => address,
      listen(port, listening) {
        address = listen(port, answer);
        if (listening) queueMicrotask(listening);
        return this;
      },
    };
  };

  return { createServer };
}

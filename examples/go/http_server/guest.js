'use strict';
const http = require('node:http');

const routes = {
  // Text in and out, and a header of the request's.
  '/echo'(request, response) {
    response.setHeader('X-Agent', request.headers['x-agent'] ?? 'none');
    response.statusCode = 201;
    response.write(`${request.method} ${request.body.length} `);
    response.end(request.body.toUpperCase());
  },
  // Later: other requests are answered meanwhile.
  '/later'(request, response) {
    setTimeout(() => response.end('later\n'), 20);
  },
  async '/throw'() {
    await null;
    throw new Error('the guest fails');
  },
  '/loop'() {
    for (;;);
  },
};

const server = http.createServer((request, response) => {
  const route = routes[request.url];
  if (route) return route(request, response);
  response.writeHead(404);
  response.end(`no ${request.url}\n`);
});

server.listen(8124, () => console.log(`guest.js listens: ${typeof server.address().port}`));

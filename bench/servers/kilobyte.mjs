// Answers one kilobyte to everything; what the proxies of a benchmark are before.
import { createServer } from 'node:http';

const body = 'x'.repeat(1024);
const headers = { 'content-type': 'text/plain', 'content-length': body.length };
createServer((request, response) => {
  request.resume();
  response.writeHead(200, headers).end(body);
}).listen(Number(process.argv[2]), '127.0.0.1');

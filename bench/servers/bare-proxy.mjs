// The least a reverse proxy on Node can be: bodies stream both ways, headers of the connection stay behind. No routing, no
// limits, no log, no deadline but undici's own.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../packages/wasm-runtime/package.json', import.meta.url));
const { Pool } = require('undici');
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'host', 'expect']);
const [, , upstreamPort, port] = process.argv;
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 256 });

createServer((request, response) => {
  const { method, url, headers } = request;
  const isEmpty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
  const sent = { ...endToEnd(headers), 'x-forwarded-for': request.socket.remoteAddress };
  const answer = ({ statusCode, headers: received }) => response.writeHead(statusCode, endToEnd(received));
  pool.stream({ path: url, method, headers: sent, body: isEmpty ? null : request }, answer).catch(() => response.destroy());
}).listen(Number(port), '127.0.0.1');

function endToEnd(headers) {
  const kept = {};
  for (const name in headers) if (!ofConnection.has(name)) kept[name] = headers[name];
  return kept;
}

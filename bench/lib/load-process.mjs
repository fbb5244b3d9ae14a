// The load generator, in a process of its own so that its work is nobody else's. Keep-alive connections over plain
// sockets, one request at a time on each; knows as much HTTP as the servers of the benchmarks speak.
// With `rate` (requests per second over all connections) each connection sends at set times, or at once when it is late.
import { connect } from 'node:net';
import { quantile } from './stats.mjs';

process.on('message', (job) => {
  void run(job).then(
    (result) => process.send(result),
    (error) => process.send({ error: error.message }),
  );
});

async function run({ port, host, path, connections, durationMs, rate }) {
  const state = { isOver: false, latencies: [], failures: new Map() };
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\naccept: */*\r\n\r\n`);
  const startedAt = performance.now();
  const timer = setTimeout(() => {
    state.isOver = true;
  }, durationMs);
  const everyMs = rate === undefined ? 0 : (1_000 * connections) / rate;
  const spread = Array.from({ length: connections }, (_, index) => startedAt + (index * everyMs) / connections);
  await Promise.all(spread.map((firstAt) => useConnection({ port, request, firstAt, everyMs }, state)));
  clearTimeout(timer);
  const elapsedMs = performance.now() - startedAt;
  const sorted = Float64Array.from(state.latencies).sort();
  return {
    requests: sorted.length,
    failures: Object.fromEntries(state.failures),
    elapsedMs,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}

function useConnection({ port, request, firstAt, everyMs }, state) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received = '';
    let sentAt = 0;
    let nextAt = firstAt;
    const send = () => {
      sentAt = performance.now();
      socket.write(request);
    };
    socket.setEncoding('latin1');
    const sendInTime = () => {
      nextAt += everyMs;
      const waitMs = nextAt - performance.now();
      if (waitMs > 1) setTimeout(() => (state.isOver ? socket.destroy() : send()), waitMs);
      else send();
    };
    socket.once('connect', sendInTime);
    socket.on('error', reject);
    socket.on('close', () => (state.isOver ? resolve() : reject(new Error(`port ${port} closed the connection`))));
    socket.on('data', (text) => {
      received = received === '' ? text : received + text;
      if (!isComplete(received)) return;
      const status = received.slice(9, 12);
      if (status === '200') state.latencies.push(performance.now() - sentAt);
      else state.failures.set(status, (state.failures.get(status) ?? 0) + 1);
      received = '';
      if (state.isOver) socket.destroy();
      else sendInTime();
    });
  });
}

function isComplete(text) {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd + 2));
  return length === null ? text.endsWith('\r\n0\r\n\r\n') : text.length >= headEnd + 4 + Number(length[1]);
}

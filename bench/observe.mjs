// What it costs to be watched: CPU per request of one function on nodes that differ in nothing but who watches, as a
// multiple of one that nobody watches. Rounds are interleaved; compare within one run only. The second node that nobody
// watches shows how much of it is noise.
//   node bench/observe.mjs [--rounds 5] [--seconds 2]
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { observerOf } from '../apps/data-plane/dist/pipeline/two-observers.js';
import { ThreadTail } from '../apps/data-plane/dist/tail/thread-tail.js';
import { tailChannels } from '../packages/config-sync/dist/index.js';
import { systemClock } from '../packages/service-kit/dist/index.js';
import { runEngine } from './lib/engine-run.mjs';
import { guestBytes } from './lib/guests.mjs';
import { median } from './lib/stats.mjs';
import { aPlugin, aRoute, ToriiNode } from './lib/torii-node.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '2' } } });
const askIntervalMs = 2_000;
/** Nobody listens there: RFC 863's port, which needs privileges to be opened. */
const deadCollector = 'http://127.0.0.1:9';
const hostName = 'observe.bench';

const modes = (collector) => [
  ['nobody watches', {}],
  ['nobody watches, again', {}],
  ['no access lines', { TORII_ACCESS_LOG_SAMPLE: '0' }],
  ['followed, all requests', {}, follow],
  ['traces, none recorded', { TORII_OTLP_ENDPOINT: collector, TORII_TRACE_RATIO: '0' }],
  ['traces, 1 % recorded', { TORII_OTLP_ENDPOINT: collector, TORII_TRACE_RATIO: '0.01' }],
  ['traces, all recorded', { TORII_OTLP_ENDPOINT: collector }],
  ['traces, all recorded, no collector', { TORII_OTLP_ENDPOINT: deadCollector }],
];

const { cases } = await runEngine({ rounds: Number(values.rounds), seconds: Number(values.seconds), connections: 16, threads: 1 }, start);
const [bare] = cases;
const width = Math.max(...cases.map(({ name }) => name.length));
for (const { name, rounds } of cases) {
  const ratios = rounds.map(({ cpuUs }, index) => cpuUs / bare.rounds[index].cpuUs);
  const figures = [median(ratios).toFixed(3), Math.min(...ratios).toFixed(3), Math.max(...ratios).toFixed(3)];
  console.log(`${name.padEnd(width)}  ${median(rounds.map(({ cpuUs }) => cpuUs)).toFixed(1)} us  ${figures[0]} x (${figures[1]}-${figures[2]})`);
}
const lookNs = nsOfLooking();
const shareOf = (100 * lookNs) / 1_000 / median(bare.rounds.map(({ cpuUs }) => cpuUs));
console.log(`\nto look whether anybody watches: ${lookNs.toFixed(1)} ns, ${shareOf.toFixed(3)} % of a request`);

async function start(directory) {
  const received = createServer((request, response) => request.resume().on('end', () => response.writeHead(200).end('{}')));
  await new Promise((resolve) => received.listen(0, '127.0.0.1', resolve));
  const nodes = [];
  const ends = [];
  const started = [];
  for (const [index, [name, env, watch]] of modes(`http://127.0.0.1:${received.address().port}`).entries()) {
    const node = await ToriiNode.start({ directory: path.join(directory, String(index)), env });
    nodes.push(node);
    const plugin = aPlugin({ name: 'hello', sha256: node.addModule(await guestBytes('hello')) });
    const refusal = await node.apply([plugin], [aRoute(plugin, hostName)]);
    if (refusal !== undefined) throw new Error(refusal);
    if (watch !== undefined) ends.push(await watch(node));
    started.push({ name, pid: node.pid, port: node.port, host: hostName, path: '/' });
  }
  const stop = async () => {
    for (const end of ends) end();
    for (const node of nodes) await node.stop();
    received.closeAllConnections();
    received.close();
  };
  return { cases: started, skipped: [], stop };
}

/** Announces a follower as the control plane does, and listens to what it is told; answers how to end that. */
async function follow(node) {
  const follower = randomUUID();
  const { asks, batches } = tailChannels('bench');
  const listener = node.redis.duplicate();
  await listener.subscribe(batches(follower));
  const ask = JSON.stringify({ follower, filter: {}, ttlMs: 10_000 });
  await node.redis.publish(asks, ask);
  const timer = setInterval(() => void node.redis.publish(asks, ask), askIntervalMs);
  return () => {
    clearInterval(timer);
    listener.disconnect();
  };
}

/** What a request with one call of a plugin does for nobody: a boolean, three fields that are undefined, and no observer. */
function nsOfLooking() {
  const tail = new ThreadTail({ nodeId: 'nd', recordsPerSecond: 1, clock: systemClock, send: () => undefined });
  const trace = { span: undefined };
  const times = 20_000_000;
  let seen = 0;
  const startedAt = performance.now();
  for (let time = 0; time < times; time += 1) {
    trace.span = undefined;
    if (tail.isFollowed) seen += 1;
    trace.span?.matched();
    const span = trace.span?.call();
    if (observerOf(undefined, span) !== undefined) seen += 1;
    span?.end();
    trace.span?.end();
  }
  if (seen !== 0) throw new Error('somebody watched');
  return ((performance.now() - startedAt) * 1e6) / times;
}

// What an outbound call costs beside undici alone: allow-list, look-up, address checks, shares, limits on the answer. Both
// ask the same server, in a process of its own, over kept connections, sixteen at a time.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../packages/local-infra/dist/index.js';
import { createLogger, systemClock } from '../../packages/service-kit/dist/index.js';
import { createEgress } from '../../packages/wasm-runtime/dist/index.js';
import { ServerProcess } from '../lib/server-process.mjs';
import { median } from '../lib/stats.mjs';
import { table } from '../lib/tables.mjs';

const rounds = 9;
const calls = 4_000;
const concurrent = 16;
const { Pool } = createRequire(new URL('../../packages/wasm-runtime/package.json', import.meta.url))('undici');

const port = await freePort();
const script = fileURLToPath(new URL('../servers/node-http.mjs', import.meta.url));
const server = new ServerProcess({ name: 'upstream', command: process.execPath, args: [script, String(port)] });
await server.answersAt(`http://127.0.0.1:${port}/`);

const log = createLogger({ level: 'silent', app: 'bench' });
const options = { privateCidrs: ['127.0.0.0/8'], overrides: new Map(), connectTimeoutMs: 1_000 };
const egress = createEgress(options, { clock: systemClock, log });
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64, pipelining: 1 });
const asked = {
  pluginId: 'pl_bench',
  url: `http://127.0.0.1:${port}/`,
  method: 'GET',
  headers: {},
  allowedHosts: [`127.0.0.1:${port}`],
  allowPrivate: true,
  followRedirects: false,
  timeoutMs: 5_000,
};
const ways = {
  'undici alone': async () => (await pool.request({ path: '/', method: 'GET' })).body.arrayBuffer(),
  'the egress': () => egress.request({ ...asked, signal: new AbortController().signal }),
};

const samples = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (let round = -2; round < rounds; round += 1) {
  for (const [name, call] of Object.entries(ways)) {
    const us = await cpuUsPerCall(call);
    if (round >= 0) samples[name].push(us);
  }
}
await egress.close();
await pool.close();
await server.stop();
console.log(`CPU us per call, median of ${rounds} interleaved rounds of ${calls} calls (least..most)`);
console.log(
  table(
    ['', 'CPU us', ''],
    Object.entries(samples).map(([name, us]) => [name, median(us).toFixed(1), `${Math.min(...us).toFixed(1)}..${Math.max(...us).toFixed(1)}`]),
  ),
);

async function cpuUsPerCall(call) {
  const before = process.cpuUsage();
  let left = calls;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

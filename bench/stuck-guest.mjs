// What a guest that loops for ever does to others on the same thread, through a running gateway (`npm start` beside it).
// Each round sends one request that loops and, while it lasts, 20 to a function that answers at once; then 20 without it.
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    admin: { type: 'string', default: 'http://127.0.0.1:9000' },
    key: { type: 'string', default: '.torii/admin-key' },
    rounds: { type: 'string', default: '20' },
  },
});
const agent = new Agent({ keepAlive: true, maxSockets: 2 });
const key = (await readFile(values.key, 'utf8')).trim();

// (module (memory (export "memory") 1) (func (export "run") (result i32) (loop (br 0)) (i32.const 0)))
const looping = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 16, 2, 6],
  ...[...'memory'].map((letter) => letter.charCodeAt(0)),
  ...[2, 0, 3, ...[...'run'].map((letter) => letter.charCodeAt(0)), 0, 0, 10, 11, 1, 9, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x41, 0, 0x0b],
);

async function admin(method, resource, body, type = 'application/json') {
  const response = await fetch(`${values.admin}${resource}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: type === 'application/json' ? JSON.stringify(body) : body }),
  });
  if (!response.ok) throw new Error(`${method} ${resource} answered ${response.status}: ${await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}

function timed(path, host) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const req = request(new URL(path, values.url), { agent, headers: { host } }, (res) => {
      res.resume();
      res.on('end', () => resolve({ status: res.statusCode, ms: performance.now() - startedAt }));
    });
    req.on('error', reject);
    req.end();
  });
}

const cpuMs = 300;
const { sha256 } = await admin('POST', '/api/v1/artifacts', looping, 'application/wasm');
await admin('PUT', '/api/v1/plugins/bench-loop', { source: { kind: 'artifact', sha256 }, functionName: 'run', limits: { cpuMs } });
await admin('PUT', '/api/v1/routes/bench-loop?wait=applied', {
  match: [{ hosts: ['bench-loop.localhost'] }],
  target: { kind: 'function', plugin: 'bench-loop' },
});

const samples = { 'healthy, alone': [], 'healthy, beside it': [], 'the loop': [] };
const statuses = new Set();
try {
  for (let round = 0; round < Number(values.rounds); round += 1) {
    let isLooping = true;
    const loop = timed('/', 'bench-loop.localhost').then(({ status, ms }) => {
      isLooping = false;
      statuses.add(status);
      samples['the loop'].push(ms);
    });
    for (let index = 0; index < 20 && isLooping; index += 1) samples['healthy, beside it'].push((await timed('/search', 'localhost')).ms);
    await loop;
    for (let index = 0; index < 20; index += 1) samples['healthy, alone'].push((await timed('/search', 'localhost')).ms);
  }
} finally {
  await admin('DELETE', '/api/v1/routes/bench-loop');
  await admin('DELETE', '/api/v1/plugins/bench-loop');
  agent.destroy();
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
console.log('ms                     n     p50     p99     max');
for (const [name, ms] of Object.entries(samples)) {
  const sorted = [...ms].sort((a, b) => a - b);
  const figures = [quantile(sorted, 0.5), quantile(sorted, 0.99), sorted.at(-1)];
  console.log(`${name.padEnd(18)} ${String(ms.length).padStart(5)} ${figures.map((figure) => figure.toFixed(1).padStart(7)).join(' ')}`);
}
console.log(`the loop may compute for ${cpuMs} ms and was answered ${[...statuses].join(', ')}`);

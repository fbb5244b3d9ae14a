// What activating a large module costs the node's main thread: the whole preparation there, in the rewriting thread, and
// from disk. "Stall" is the longest time the event loop did not turn. Medians of interleaved rounds.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PreparedCache } from '../../apps/data-plane/dist/config/prepared-cache.js';
import { compilePrepared, prepareModule, RewriteThread } from '../../packages/wasm-runtime/dist/index.js';

const rounds = 7;
const limits = { memoryMaxBytes: 64 * 1024 * 1024 };
const bytes = await readFile(new URL('../../examples/geolocation-go/geolocation.wasm', import.meta.url));
const directory = await mkdtemp(path.join(tmpdir(), 'torii-bench-'));
const cache = new PreparedCache({ directory, maxBytes: 1024 ** 3, log: console });
const thread = new RewriteThread({ timeoutMs: 60_000 });

const cases = {
  'on the main thread': () => prepareModule(bytes, limits),
  'in the rewriting thread': async () => {
    const rewritten = await thread.rewrite(bytes, limits);
    await cache.put('module', rewritten);
    await compilePrepared(rewritten);
  },
  'from disk': async () => compilePrepared(await cache.get('module')),
};

async function measure(work) {
  let lastAt = performance.now();
  let stallMs = 0;
  let isDone = false;
  const turn = () => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - lastAt);
    lastAt = now;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const startedAt = performance.now();
  await work();
  const tookMs = performance.now() - startedAt;
  await new Promise((resolve) => setImmediate(resolve));
  isDone = true;
  return { tookMs, stallMs };
}

const samples = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
await thread.rewrite(bytes, limits); // its start is not what is measured
for (let round = 0; round < rounds; round += 1) {
  for (const [name, work] of Object.entries(cases)) samples[name].push(await measure(work));
}
const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
console.log(`${(bytes.length / 1024 ** 2).toFixed(1)} MB                     takes ms   stall ms`);
for (const [name, results] of Object.entries(samples)) {
  const figures = [median(results.map(({ tookMs }) => tookMs)), median(results.map(({ stallMs }) => stallMs))];
  console.log(`${name.padEnd(24)} ${figures.map((figure) => figure.toFixed(1).padStart(10)).join(' ')}`);
}
await thread.close();
await rm(directory, { recursive: true });

// What comes before the first call: preparing a module (rewriting and compiling it, off the request path), making an
// instance of a prepared one, and that instance's first call.
import { readFile } from 'node:fs/promises';
import { guestBytes } from '../lib/guests.mjs';
import { call, load, prepare } from '../lib/in-process.mjs';
import { median, quantile } from '../lib/stats.mjs';
import { table } from '../lib/tables.mjs';

const instances = 200;
const example = new URL('../../examples/geolocation-go/geolocation.wasm', import.meta.url);
const input = JSON.stringify({ request: { query: {}, headers: {}, path: '/', url: 'http://localhost/' } });
const modules = [
  ['hand-written, small', await guestBytes('hello'), {}],
  ['Go, the article', await readFile(example), { functionName: 'GetCompleteAddress', grants: ['plugin_map:read', 'plugin_map:write'] }],
];

const rows = [];
for (const [name, bytes, part] of modules) {
  const preparing = [];
  for (let round = 0; round < 7; round += 1) preparing.push(await timed(() => prepare(bytes)));
  const prepared = await prepare(bytes);
  const starts = [];
  const firstCalls = [];
  for (let index = 0; index < instances; index += 1) {
    const pool = load(prepared, part);
    starts.push(await timed(() => pool.warmUp(10_000)));
    firstCalls.push(await timed(() => call(pool, input)));
    await pool.close();
  }
  const [first, ...later] = preparing;
  const megabytes = bytes.length / 1_048_576;
  rows.push([
    name,
    megabytes.toFixed(3),
    first.toFixed(1),
    median(later).toFixed(1),
    megabytes < 0.1 ? '-' : (median(later) / megabytes).toFixed(1),
    ...[starts, firstCalls].flatMap((samples) => {
      const sorted = samples.sort((a, b) => a - b);
      return [quantile(sorted, 0.5).toFixed(3), quantile(sorted, 0.99).toFixed(3)];
    }),
  ]);
}
console.log(`ms; prepared 7 times, ${instances} instances one after the other`);
console.log(table(['', 'MB', 'prepare, first', 'later', 'per MB', 'instance p50', 'p99', 'first call p50', 'p99'], rows));
process.exit(0);

async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

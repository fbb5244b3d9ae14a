// Resident memory of functions that wait for a call: so many plugins, each with one instance that has run once.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { guestBytes } from '../lib/guests.mjs';
import { call, load, prepare } from '../lib/in-process.mjs';
import { residentBytesOf } from '../lib/process-cpu.mjs';
import { table } from '../lib/tables.mjs';

const { values } = parseArgs({ options: { count: { type: 'string', default: '1000' } } });
const count = Number(values.count);
const example = new URL('../../examples/geolocation-go/geolocation.wasm', import.meta.url);
const input = JSON.stringify({ request: { query: {}, headers: {}, path: '/', url: 'http://localhost/' } });
const modules = [
  ['hand-written, small', await guestBytes('hello'), {}],
  ['Go, the article', await readFile(example), { functionName: 'GetCompleteAddress', grants: ['plugin_map:read', 'plugin_map:write'] }],
];

const rows = [];
for (const [name, bytes, part] of modules) {
  const prepared = await prepare(bytes);
  const pools = [];
  const add = async () => {
    const pool = load(prepared, part);
    await pool.warmUp(10_000);
    await call(pool, input);
    pools.push(pool);
  };
  // What comes once, however many there are, is not counted.
  for (let index = 0; index < 10; index += 1) await add();
  const before = residentBytesOf(process.pid);
  if (before === undefined) throw new Error('resident memory is read from /proc, which is not here');
  for (let index = 0; index < count; index += 1) await add();
  const after = residentBytesOf(process.pid);
  rows.push([name, ((after - before) / count / 1024).toFixed(1), (after / 1_048_576).toFixed(0)]);
  for (const pool of pools) await pool.close();
}
console.log(`${count} idle functions of each kind, one instance each`);
console.log(table(['', 'KiB each', 'MiB of the process'], rows));
process.exit(0);

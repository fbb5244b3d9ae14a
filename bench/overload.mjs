// How much of what a node can do it still does when it is asked for a multiple of that: a function that computes for a
// millisecond or two, first as fast as a few connections take it, then at a rate of so many times what that was.
//   node bench/overload.mjs --times 2 --rounds 3 --seconds 4
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from './lib/guests.mjs';
import { LoadProcess } from './lib/load.mjs';
import { summary } from './lib/stats.mjs';
import { table } from './lib/tables.mjs';
import { aPlugin, aRoute, ToriiNode } from './lib/torii-node.mjs';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '200' },
    /** Turns of the function's loop. */
    loops: { type: 'string', default: '2000000' },
  },
});
const durationMs = Number(values.seconds) * 1_000;
const output = '{"body_str":"done"}';
const busy = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) ${JSON.stringify(output).replaceAll('\\"', '\\22')})
  (func (export "run") (result i32) (local $at i64) (local $i i32)
    (loop $count
      (br_if $count (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${Number(values.loops)}))))
    (local.set $i (i32.const 0))
    (local.set $at (call $alloc (i64.const ${output.length})))
    (loop $copy
      (call $store (i64.add (local.get $at) (i64.extend_i32_u (local.get $i))) (i32.load8_u (local.get $i)))
      (br_if $copy (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${output.length}))))
    (call $output (local.get $at) (i64.const ${output.length}))
    (i32.const 0)))`;

const directory = mkdtempSync(path.join(tmpdir(), 'torii-overload-'));
const load = new LoadProcess();
const node = await ToriiNode.start({ directory });
try {
  const plugin = aPlugin({ name: 'busy', sha256: node.addModule(await compile(busy)) });
  const refusal = await node.apply([plugin], [aRoute(plugin, 'busy.localhost')]);
  if (refusal !== undefined) throw new Error(refusal);
  const job = { port: node.port, host: 'busy.localhost', path: '/', durationMs };
  await load.run({ ...job, connections: 4 });
  const rounds = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const calm = await load.run({ ...job, connections: 4 });
    const peak = (1_000 * calm.requests) / calm.elapsedMs;
    const over = await load.run({ ...job, connections: Number(values.connections), rate: peak * Number(values.times) });
    const refused = Object.values(over.failures).reduce((sum, count) => sum + count, 0);
    rounds.push({
      peak,
      good: (1_000 * over.requests) / over.elapsedMs,
      refused: (1_000 * refused) / over.elapsedMs,
      p50Ms: over.p50Ms,
      p99Ms: over.p99Ms,
    });
  }
  const figure = (of, digits = 0) => summary(rounds.map(of)).median.toFixed(digits);
  console.log(
    table(
      ['', 'peak/s', 'asked/s', 'answered/s', 'refused/s', 'of the peak', 'p50 ms', 'p99 ms'],
      [
        [
          `${values.times} times the peak`,
          figure(({ peak }) => peak),
          figure(({ peak }) => peak * Number(values.times)),
          figure(({ good }) => good),
          figure(({ refused }) => refused),
          `${figure(({ good, peak }) => (100 * good) / peak)} %`,
          figure(({ p50Ms }) => p50Ms, 1),
          figure(({ p99Ms }) => p99Ms, 1),
        ],
      ],
    ),
  );
} finally {
  load.stop();
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
}

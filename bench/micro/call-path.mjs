// What one call of a guest costs without HTTP around it: the pool's lease, the input's way in, the guest, the output's way
// out. The guest copies its input to its output by words of eight bytes, as Extism's PDKs do.

import { compile } from '../lib/guests.mjs';
import { call, load, prepare } from '../lib/in-process.mjs';
import { median } from '../lib/stats.mjs';
import { table } from '../lib/tables.mjs';

const rounds = 9;
const roundMs = 150;
const payloads = { '0.1 KB': 100, '1 KB': 1_024, '100 KB': 102_400 };

/** `imported` makes it a guest that could suspend, though it never does. */
const echo = (imported) => `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  ${imported}
  (memory (export "memory") 17)
  (func (export "run") (result i32)
    (local $i i64) (local $end i64) (local $output i64)
    (local.set $end (call $input_length))
    (local.set $output (call $alloc (local.get $end)))
    (loop $in
      (i64.store offset=65536 (i32.wrap_i64 (local.get $i)) (call $input_load_u64 (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 8)))
      (br_if $in (i64.lt_u (local.get $i) (local.get $end))))
    (local.set $i (i64.const 0))
    (loop $out
      (call $store_u64 (i64.add (local.get $output) (local.get $i)) (i64.load offset=65536 (i32.wrap_i64 (local.get $i))))
      (local.set $i (i64.add (local.get $i) (i64.const 8)))
      (br_if $out (i64.lt_u (local.get $i) (local.get $end))))
    (call $output_set (local.get $output) (local.get $end))
    (i32.const 0)))`;

const plain = await prepare(await compile(echo('')));
const suspendable = await prepare(await compile(echo('(import "extism:host/env" "http_request" (func (param i64 i64) (result i64)))')));
const pools = {
  reuse: load(plain),
  fresh: load(plain, { isolation: 'fresh' }),
  'reuse, may suspend': load(suspendable),
};

const cells = [];
for (const [payload, bytes] of Object.entries(payloads)) {
  const input = new Uint8Array(bytes).fill(120);
  const samples = Object.fromEntries(Object.keys(pools).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    // The round before the first warms up.
    for (const [name, pool] of Object.entries(pools)) {
      const us = await usPerCall(pool, input);
      if (round >= 0) samples[name].push(us);
    }
  }
  cells.push([
    payload,
    ...Object.values(samples).map((us) => `${median(us).toFixed(1)} (${Math.min(...us).toFixed(1)}..${Math.max(...us).toFixed(1)})`),
  ]);
}
for (const pool of Object.values(pools)) await pool.close();
console.log(`us per call, median of ${rounds} interleaved rounds of ${roundMs} ms (least..most)`);
console.log(table(['', ...Object.keys(pools)], cells));

async function usPerCall(pool, input) {
  const startedAt = performance.now();
  let calls = 0;
  while (performance.now() - startedAt < roundMs) {
    const length = await call(pool, input);
    if (length !== input.length) throw new Error(`the guest answered ${length} bytes, not ${input.length}`);
    calls += 1;
    // Restoring an instance after its call is part of what `fresh` costs, and waits for the event loop.
    if (calls % 16 === 0) await new Promise(setImmediate);
  }
  return (1_000 * (performance.now() - startedAt)) / calls;
}

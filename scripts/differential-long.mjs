// Compares rewritten modules with what they were made from, over as many generated modules as there is time for.
//   node scripts/differential-long.mjs --seconds 60 --seed 1
// `npm run build` first. Ends with 1 at the first difference and prints its seed.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { rewriteModule } from '../packages/wasm-binary/dist/index.js';
import { observeGuest } from '../packages/wasm-binary/test/observe-guest.ts';
import { randomGuest } from '../packages/wasm-binary/test/random-guest.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
});
const wabt = await createRequire(new URL('../packages/wasm-binary/package.json', import.meta.url))('wabt')();
const features = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  simd: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
};

function compile(seed) {
  const parsed = wabt.parseWat('guest.wat', randomGuest(seed), features);
  try {
    return new Uint8Array(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

const counts = { modules: 0, calls: 0, traps: 0, checks: 0, bytes: 0 };
const endsAt = performance.now() + Number(values.seconds) * 1000;
let seed = Number(values.seed);
for (; performance.now() < endsAt; seed += 1) {
  const bytes = compile(seed);
  const original = observeGuest(bytes, 0);
  // Little fuel, so that every check there is calls the hook now and then.
  const rewritten = observeGuest(rewriteModule(bytes, { memoryMaxPages: 4 }), 1 + (seed % 5_000));
  if (JSON.stringify(original.observation) !== JSON.stringify(rewritten.observation)) {
    console.error(`seed ${seed}: the rewritten module does something else`);
    console.error({ original: original.observation, rewritten: rewritten.observation });
    process.exit(1);
  }
  const { outcomes } = original.observation;
  counts.modules += 1;
  counts.calls += outcomes.length;
  counts.traps += outcomes.filter((outcome) => outcome.includes('Error')).length;
  counts.checks += rewritten.checks;
  counts.bytes += bytes.length;
}
console.log(
  `seeds ${values.seed} to ${seed - 1}: ${counts.modules} modules (${counts.bytes} bytes), ${counts.calls} calls, of which ${counts.traps} trapped, ${counts.checks} checks, no difference`,
);

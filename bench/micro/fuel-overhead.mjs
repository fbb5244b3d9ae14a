// What the checks of a rewritten module cost: the time of rewritten over original, for guests of several kinds. Rounds are
// interleaved, so that a slow phase of the machine meets both; on a busy machine trust the columns on the left, each the
// ratio at one quantile of both. `npm run build` first.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { createStubHost } from '../../packages/test-kit/dist/real-modules/stub-host.js';
import { rewriteModule, rewrittenExports } from '../../packages/wasm-binary/dist/index.js';
import { workloads } from './fuel-workloads.mjs';
import { realWorkloads } from './real-workloads.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '60' }, only: { type: 'string', default: '' } } });
const wabt = await createRequire(new URL('../../packages/wasm-binary/package.json', import.meta.url))('wabt')();

/** As much as the data plane gives a guest between two checks. */
const fuelPerCheck = 250_000;

function compile(text) {
  const parsed = wabt.parseWat('guest.wat', text, { bulk_memory: true, sat_float_to_int: true, sign_extension: true, simd: true });
  try {
    return new Uint8Array(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

const gate = new WebAssembly.Module(compile('(module (import "host" "check" (func $check)) (func (export "check") (call $check)))'));

/** An instance, initialised, on a host that answers every instance alike. */
function instantiate(bytes, begin = ({ run }) => run) {
  const module = new WebAssembly.Module(bytes);
  const host = createStubHost();
  const { exports } = new WebAssembly.Instance(module, host.imports(WebAssembly.Module.imports(module)));
  host.attach(exports.memory);
  const guest = { checks: 0 };
  const fuel = exports[rewrittenExports.fuel];
  if (fuel !== undefined) {
    const check = () => {
      guest.checks += 1;
      fuel.value = fuelPerCheck;
    };
    exports[rewrittenExports.yieldTable].set(0, new WebAssembly.Instance(gate, { host: { check } }).exports.check);
  }
  for (const name of [rewrittenExports.startFunction, rewrittenExports.initialize, '_initialize']) exports[name]?.();
  guest.run = begin(exports, host);
  return guest;
}

function timed({ run }, argument) {
  const startedAt = performance.now();
  run(argument);
  return performance.now() - startedAt;
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

console.log(
  `${'workload'.padEnd(30)} ${'ms'.padStart(7)} ${'best'.padStart(6)} ${'p10'.padStart(6)} ${'p25'.padStart(6)} ${'p50'.padStart(6)} checks`,
);
const all = [...workloads.map(({ text, ...workload }) => ({ ...workload, bytes: compile(text) })), ...realWorkloads];
for (const { name, argument, bytes, begin } of all.filter((workload) => workload.name.includes(values.only))) {
  const original = instantiate(bytes, begin);
  const rewritten = instantiate(rewriteModule(bytes, { memoryMaxPages: 1024 }), begin);
  // Long enough for both to have been optimised.
  for (let round = 0; round < 30; round += 1) {
    if (original.run(argument) !== rewritten.run(argument)) throw new Error(`${name}: the rewritten guest computes something else`);
  }
  const plain = [];
  const checked = [];
  rewritten.checks = 0;
  for (let round = 0; round < Number(values.rounds); round += 1) {
    plain.push(timed(original, argument));
    checked.push(timed(rewritten, argument));
  }
  plain.sort((a, b) => a - b);
  checked.sort((a, b) => a - b);
  const ratioAt = (share) => (quantile(checked, share) / quantile(plain, share)).toFixed(2).padStart(6);
  const checks = Math.round(rewritten.checks / Number(values.rounds));
  console.log(
    `${name.padEnd(30)} ${quantile(plain, 0).toFixed(2).padStart(7)} ${ratioAt(0)} ${ratioAt(0.1)} ${ratioAt(0.25)} ${ratioAt(0.5)} ${checks}`,
  );
}

// Prepares and calls mutants of the hostile guests until the time is up: node scripts/fuzz-long.mjs [seconds] [seed]
//
// Needs a build and Node 24 or later. Ends with 1 at the first mutant that is treated otherwise than any guest should be,
// and says its seed; with that seed and 0 seconds the same mutant alone is tried again.
import { createLogger, Deadline, systemClock } from '../packages/service-kit/dist/index.js';
import { hostileGuest, hostileNames } from '../packages/test-kit/dist/hostile-guests.js';
import { mutateModule, seededRandom } from '../packages/test-kit/dist/mutate-module.js';
import { createEgress, loadFunction, prepareModule } from '../packages/wasm-runtime/dist/index.js';

const [seconds = '60', seedText = String(Math.floor(Math.random() * 2 ** 31))] = process.argv.slice(2);
const firstSeed = Number(seedText);
const endAtMs = performance.now() + Number(seconds) * 1_000;
if (!Number.isInteger(firstSeed) || !Number.isFinite(endAtMs)) {
  console.error('usage: node scripts/fuzz-long.mjs [seconds] [seed]');
  process.exit(2);
}

const preparedWithinMs = 2_000;
const answeredWithinMs = 4_000;
const initialisedWithinMs = 100;
const limits = {
  ...{ cpuMs: 20, wallMs: 100, queueWaitMs: 1_000, memoryMaxBytes: 8 * 1024 * 1024, requestMaxBytes: 65_536, responseMaxBytes: 65_536 },
  ...{ maxInstancesPerNode: 1, maxQueuedPerNode: 1, httpCallsMax: 1, hostCallsMax: 1_000, instanceMaxCalls: 0, instanceMaxAgeMs: 0 },
  ...{ instanceKeptMaxBytes: 8 * 1024 * 1024, kvMaxBytes: 0 },
};
const log = createLogger({ level: 'silent', app: 'fuzz' });
const egress = createEgress({ privateCidrs: [], overrides: new Map(), connectTimeoutMs: 1_000 }, { clock: systemClock, log });
/** A map that is never there. */
const stores = { pluginMap: () => ({ isSynchronous: true }) };

const originals = await Promise.all(hostileNames.map((name) => hostileGuest(name)));
const outcomes = new Map();
let tried = 0;
let seed = firstSeed;
do {
  const random = seededRandom(seed);
  const mutant = mutateModule(originals[random(originals.length)], random);
  const outcome = await treat(mutant);
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  tried += 1;
  if (!/^(prepared|none|plugin\.\w+|config\.compile_failed)$/.test(outcome)) {
    console.error(`the mutant of seed ${seed} ${outcome}`);
    process.exit(1);
  }
  seed += 1;
} while (performance.now() < endAtMs);

await egress.close();
console.log(`${tried} mutants from seed ${firstSeed} on`);
for (const [outcome, count] of [...outcomes].sort(([, a], [, b]) => b - a)) console.log(`${String(count).padStart(9)}  ${outcome}`);

/** The code a mutant ends with; `prepared` for one that has nothing to call. */
async function treat(mutant) {
  const startedAtMs = performance.now();
  const prepared = await prepareModule(mutant, limits).catch((error) => error);
  const preparingMs = performance.now() - startedAtMs;
  if (preparingMs > preparedWithinMs) return `took ${preparingMs} ms to prepare`;
  if (prepared instanceof Error) return prepared.code ?? `made preparing throw ${prepared.stack}`;
  const entry = prepared.exports.find(
    ({ kind, params, results, name }) => kind === 'function' && params.length === 0 && results.length === 1 && !name.includes(':'),
  );
  return entry === undefined ? 'prepared' : call(prepared, entry.name);
}

async function call(prepared, functionName) {
  const spec = {
    ...{ pluginId: 'pl_fuzz', pluginName: 'fuzz', pluginVersion: 1, functionName, isolation: 'reuse', limits },
    ...{ allowedHosts: [], allowPrivate: false, grants: ['plugin_map:read', 'plugin_map:write'], config: {} },
  };
  const pool = loadFunction(spec, prepared, { clock: systemClock, log, egress, stores, state: {} });
  const calledAtMs = performance.now();
  const outcome = await pool
    .warmUp(initialisedWithinMs)
    .then(() =>
      pool.call('the input of a mutant', { requestId: 'rq_fuzz', deadline: Deadline.after(10_000, systemClock), log, read: () => undefined }),
    )
    .then(() => 'none')
    .catch((error) => error.code ?? String(error.stack));
  const tookMs = performance.now() - calledAtMs;
  await pool.close();
  return tookMs > answeredWithinMs ? `was answered after ${tookMs} ms` : outcome;
}

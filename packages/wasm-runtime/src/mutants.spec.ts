import { beforeAll, describe, expect, it } from '@jest/globals';
import { hostileGuest, hostileNames, mutateModule, seededRandom, testSeed } from '@torii/test-kit';
import { codeOf, loadGuest } from '../test/a-function.js';
import { type PreparedModule, prepareModule } from './index.js';

const mutantsPerRun = 300;
const preparedWithinMs = 30_000;
const initialisedWithinMs = 100;
const answeredWithinMs = 30_000;
const limits = { cpuMs: 20, wallMs: 100, hostCallsMax: 1_000, memoryMaxBytes: 8 * 1024 * 1024 };
/** What the bytes may be to blame for; anything else would be a fault of ours. */
const blamesTheGuest = /^(none|plugin\.\w+|config\.compile_failed)$/;

describe('a hostile guest with some of its bytes changed at random', () => {
  const originals: Uint8Array[] = [];
  beforeAll(async () => {
    for (const name of hostileNames) originals.push(await hostileGuest(name));
  });

  it('is prepared or refused, and when it runs ends as any other guest', async () => {
    for (let seed = testSeed; seed < testSeed + mutantsPerRun; seed += 1) {
      const random = seededRandom(seed);
      const mutant = mutateModule(originals[random(originals.length)] ?? new Uint8Array(), random);
      const failure = await judge(mutant);
      if (failure !== undefined) throw new Error(`the mutant of seed ${seed} ${failure}`);
    }
    expect(originals).toHaveLength(hostileNames.length);
  });
});

/** What is wrong with how a mutant was treated. */
async function judge(mutant: Uint8Array): Promise<string | undefined> {
  const startedAtMs = performance.now();
  const prepared = await prepareModule(mutant, limits).catch((error) => error as { code?: string });
  const preparingMs = performance.now() - startedAtMs;
  if (preparingMs > preparedWithinMs) return `took ${preparingMs} ms to prepare`;
  if (!('module' in prepared)) return prepared.code === 'config.compile_failed' ? undefined : `made preparing throw ${String(prepared)}`;
  const functionName = entryOf(prepared);
  if (functionName === undefined) return undefined;
  const { pool, call, close } = await loadGuest(mutant, { functionName, limits });
  const calledAtMs = performance.now();
  const outcome = await codeOf(pool.warmUp(initialisedWithinMs).then(() => call('the input of a mutant')));
  const tookMs = performance.now() - calledAtMs;
  await close();
  if (!blamesTheGuest.test(outcome)) return `ended with ${outcome}`;
  return tookMs > answeredWithinMs ? `was answered after ${tookMs} ms` : undefined;
}

function entryOf({ exports }: PreparedModule): string | undefined {
  return exports.find(
    ({ kind, params, results, name }) => kind === 'function' && params?.length === 0 && results?.length === 1 && !name.includes(':'),
  )?.name;
}

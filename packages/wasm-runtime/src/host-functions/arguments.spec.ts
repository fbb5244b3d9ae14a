import { afterEach, describe, expect, it } from '@jest/globals';
import { type Grant, GrantString, hostFunctions } from '@torii/contracts';
import { anyText } from '@torii/test-kit';
import fc from 'fast-check';
import { callHost, type HostCaller } from '../../test/host-caller.js';

const opened: HostCaller[] = [];

function caller(name: string, grants: readonly Grant[] = GrantString.options): HostCaller {
  const opening = callHost(name, { grants, limits: { cpuMs: 60_000, wallMs: 60_000 } });
  opened.push(opening);
  return opening;
}

afterEach(async () => {
  for (const open of opened.splice(0)) await open.close();
});

const takesPointer = Object.entries(hostFunctions).filter(([, { params }]) => params.length >= 2);

/** Beyond the blocks, across their end, and numbers that wrap around when they are added. */
const wild: readonly (readonly [pointer: bigint, size: bigint])[] = [
  [0n, 8n],
  [0n, 2n ** 64n - 1n],
  [1n, 2n ** 32n],
  [64n, 1_000_000n],
  [2n ** 20n, 1n],
  [2n ** 32n, 8n],
  [2n ** 32n - 1n, 1n],
  [2n ** 63n, 2n ** 63n],
  [2n ** 64n - 8n, 8n],
  [2n ** 64n - 1n, 2n ** 64n - 1n],
];

/** Pieces of the input's block and of what lies before it; two calls take pieces that overlap. */
const overlapping: readonly (readonly [pointer: bigint, size: bigint])[] = [
  [72n, 16n],
  [73n, 8n],
  [64n, 16n],
  [1n, 71n],
  [80n, 0n],
];

describe.each(takesPointer)('%s', (name) => {
  it('answers a pointer or size outside of the blocks with a value, and notes a bad argument', async () => {
    const call = caller(name);
    for (const [pointer, size] of wild) await call.at(pointer, size);
    const { logLines, pool } = await call.loaded('anywhere');
    const refusals = logLines.filter(({ code, detail }) => code === 'bad_argument' || String(detail).includes('argument'));
    expect(refusals.length).toBe(wild.length);
    expect(pool.stats).toMatchObject({ leased: 0, evicted: 0 });
  });

  it('answers whatever it is asked, and its instance goes on', async () => {
    const call = caller(name);
    const word = fc.constantFrom(
      'key',
      'keys',
      'value',
      'value_base64',
      'expected',
      'incr',
      'pttl',
      'ttl',
      'url',
      'body_bytes',
      'entity',
      'message',
      'level',
    );
    const argument = fc.oneof(
      anyText(),
      fc.json(),
      fc.dictionary(word, fc.oneof(fc.jsonValue(), fc.maxSafeInteger(), fc.bigInt().map(String))).map((object) => JSON.stringify(object)),
    );
    await fc.assert(
      fc.asyncProperty(argument, async (text) => {
        await call.number(text);
      }),
      { numRuns: 30 },
    );
    const { pool } = await call.loaded('number');
    expect(pool.stats).toMatchObject({ leased: 0, evicted: 0 });
  });

  it('reads pieces of blocks, also such as overlap, without harm', async () => {
    const call = caller(name);
    for (const [pointer, size] of overlapping) await call.at(pointer, size, 'anywhereTwice');
    const { pool } = await call.loaded('anywhereTwice');
    expect(pool.stats).toMatchObject({ leased: 0, evicted: 0 });
  });
});

describe.each(Object.entries(hostFunctions).filter(([, { grant }]) => grant !== undefined))('%s', (name, { grant }) => {
  it('is not linked without its grant, and the refusal names both', async () => {
    const others = GrantString.options.filter((other) => other !== grant);
    const { pool } = await caller(name, others).loaded('number');
    await expect(pool.warmUp(30_000)).rejects.toMatchObject({
      code: 'config.compile_failed',
      detail: expect.stringMatching(new RegExp(`"${name}" needs the grant ${grant}`)),
    });
  });

  it('is linked with it alone', async () => {
    const { pool } = await caller(name, grant === undefined ? [] : [grant]).loaded('number');
    await pool.warmUp(30_000);
    expect(pool.stats).toMatchObject({ idle: 1 });
  });
});

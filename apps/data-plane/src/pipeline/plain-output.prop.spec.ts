import { describe, expect, it } from '@jest/globals';
import { BackendOutput } from '@torii/contracts';
import fc from 'fast-check';
import { plainBackendOutput } from './plain-output.js';

const field = fc.oneof(
  fc.constantFrom(200, 204, 599, 600, 199, 200.5, -0, 'text', '', true, null),
  fc.constant({}),
  fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), fc.oneof(fc.string(), fc.constantFrom(1, null, false, ['a'], [1]))),
  fc.jsonValue(),
);
const name = fc.constantFrom(
  ...['status', 'headers', 'cookies', 'body_str', 'body', 'body_json', 'body_base64', 'body_bytes', 'error', 'delegates_call', 'attrs'],
  ...['unknown', '__proto__', 'constructor'],
);
/** As guests write it: names may come twice, and `__proto__` is a name like others. */
const outputText = fc
  .array(fc.tuple(name, field), { maxLength: 6 })
  .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`);
const plainText = fc
  .record(
    {
      status: fc.integer({ min: 200, max: 599 }),
      headers: fc.option(fc.dictionary(fc.string(), fc.string())),
      body_str: fc.option(fc.string()),
      body_json: fc.jsonValue(),
      error: fc.jsonValue(),
      attrs: fc.constant(null),
    },
    { requiredKeys: ['status'] },
  )
  .map((output) => JSON.stringify(output));

describe('plainBackendOutput', () => {
  it('answers what the schema answers, or leaves the value to it', () => {
    fc.assert(
      fc.property(fc.oneof(outputText, plainText, fc.json()), (text) => {
        const plain = plainBackendOutput(JSON.parse(text));
        if (plain !== undefined) expect(BackendOutput.parse(JSON.parse(text))).toEqual(plain);
      }),
      { numRuns: 3_000 },
    );
  });

  it('knows the outputs that most guests write', () => {
    for (const output of [
      { status: 200, headers: { 'content-type': 'text/plain' }, body_str: 'x' },
      { status: 404, body_json: { error: 'none' } },
      { status: 200, headers: null, cookies: null, body: 'x', body_str: null, attrs: null },
      { status: 400, error: { error: 'missing' } },
    ]) {
      expect(plainBackendOutput(output)).toBe(output);
    }
  });
});

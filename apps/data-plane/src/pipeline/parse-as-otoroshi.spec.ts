import { describe, expect, it } from '@jest/globals';
import { AccessValidatorOutput, BackendOutput, ResponseTransformerOutput } from '@torii/contracts';
import fc from 'fast-check';
import { compatRulesOf } from './compat-rules.js';
import { parseAsOtoroshi } from './parse-as-otoroshi.js';
import { parseOutput } from './parse-output.js';

type Kind = Parameters<typeof compatRulesOf>[0]['kind'];

function rulesOf(kind: Kind) {
  const rules = compatRulesOf({ kind, compat: 'otoroshi' });
  if (rules === undefined) throw new Error('there are no rules');
  return rules;
}

const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('parseAsOtoroshi', () => {
  it('takes a field that cannot be read for one that was not given, and keeps the others', () => {
    const { output } = parseAsOtoroshi(bytes({ status: 'teapot', headers: { a: {} }, body_str: 'x', cookies: 7 }), BackendOutput, rulesOf('backend'));
    expect(output).toEqual({ status: 200, body_str: 'x' });
    const transformed = parseAsOtoroshi(bytes({ status: 9, body: 'x' }), ResponseTransformerOutput, rulesOf('response_transformer'));
    expect(transformed.output).toEqual({ body: 'x' });
  });

  it.each([{}, { result: 'yes' }, { result: null }, []])('takes an access validator that does not say true (%j) for one that refuses', (output) => {
    expect(parseAsOtoroshi(bytes(output), AccessValidatorOutput, rulesOf('access_validator')).output.result).toBe(false);
  });

  it('takes what is no JSON for an empty answer of a backend, and for a failure of all others', () => {
    for (const text of ['', 'hello', '{', '\u0000']) {
      expect(parseAsOtoroshi(bytes(text), BackendOutput, rulesOf('backend')).output).toEqual({ status: 200 });
      expect(() => parseAsOtoroshi(bytes(text), AccessValidatorOutput, rulesOf('access_validator'))).toThrow(
        expect.objectContaining({ code: 'plugin.bad_output' }),
      );
    }
  });

  it('reads what is in order as it is read without compat, and never throws for any JSON', () => {
    const field = fc.constantFrom('status', 'headers', 'body_str', 'body_json', 'cookies', 'attrs', 'error', 'result', '__proto__', 'x');
    const value = fc.oneof(fc.jsonValue(), fc.integer({ min: 200, max: 599 }), fc.constant({ a: 'b' }), fc.boolean());
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(field, value)), (output) => {
        const text = bytes(JSON.stringify(output));
        const lenient = parseAsOtoroshi(text, BackendOutput, rulesOf('backend')).output;
        const isFit = typeof output === 'object' && BackendOutput.safeParse(JSON.parse(JSON.stringify(output))).success;
        if (isFit) expect(lenient).toEqual(parseOutput(text, BackendOutput).output);
        expect(lenient.status).toBeGreaterThanOrEqual(200);
      }),
      { numRuns: 500 },
    );
  });
});

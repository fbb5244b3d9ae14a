import { describe, expect, it } from '@jest/globals';
import { AppError, BackendOutput } from '@torii/contracts';
import fc from 'fast-check';
import { parseOutput } from './parse-output.js';

const parse = (text: string) => parseOutput(Buffer.from(text), BackendOutput);

describe('parseOutput', () => {
  it('reads strict JSON', () => {
    expect(parse('{"status":201,"body_str":"x"}')).toMatchObject({ output: { status: 201, body_str: 'x' }, isLenient: false });
  });

  it("reads the article's missing-parameter output, with its unquoted names and escaped quotes", () => {
    const { output, isLenient } = parse(`{ 
          status: 400, 
          error: {\\"error\\": \\"missing query param q\\"}
        }`);
    expect(isLenient).toBe(true);
    expect(output).toMatchObject({ status: 400, error: { error: 'missing query param q' } });
  });

  it("reads the article's answer, JSON with unquoted names around it", () => {
    expect(parse('{ \n status: 200, \n body_json: {"label":"a \\"b\\"","x":1.5}\n }').output).toMatchObject({
      status: 200,
      body_json: { label: 'a "b"', x: 1.5 },
    });
  });

  it('reads JSON5 with comments, single quotes and trailing commas', () => {
    expect(parse("{status: 201, /* why */ body_str: 'x: {y',}").output).toMatchObject({ status: 201, body_str: 'x: {y' });
  });

  it('leaves what is inside strings alone', () => {
    expect(parse('{ body_str: "a, b: {c: \\"d\\"}" }').output.body_str).toBe('a, b: {c: "d"}');
  });

  it.each([
    '',
    '[]',
    '"text"',
    'null',
    '7',
    '{',
    '{"status":"200"}',
    '{"status":99}',
    '{"status":700}',
    '{"headers":[]}',
    '{"body_bytes":[300]}',
    '{"cookies":[{"name":1}]}',
    '\u0000',
  ])('refuses %j as bad output', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'plugin.bad_output' }));
  });

  it('reads names without quotes around a body of 250 KB, and refuses them around one of 300 KB, which takes too long', () => {
    const output = (bodyLength: number): string => `{ status: 200, body_str: "${'a'.repeat(bodyLength)}" }`;

    expect(parse(output(250_000)).output.body_str).toHaveLength(250_000);
    expect(() => parse(output(300_000))).toThrow(expect.objectContaining({ code: 'plugin.bad_output' }));
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseOutput(Uint8Array.of(0x7b, 0xff, 0x7d), BackendOutput)).toThrow(expect.objectContaining({ code: 'plugin.bad_output' }));
  });

  it('never throws anything but plugin.bad_output, whatever the guest wrote', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => Buffer.from(text)),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            parseOutput(bytes, BackendOutput);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
            expect((error as AppError).code).toBe('plugin.bad_output');
          }
        },
      ),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { parseJsonBody } from './body-parsers.js';

describe('parseJsonBody', () => {
  it('reads JSON, and nothing as undefined', () => {
    expect(parseJsonBody(Buffer.from('{"a":[1]}'))).toEqual({ a: [1] });
    expect(parseJsonBody(Buffer.alloc(0))).toBeUndefined();
  });

  it('says where the JSON is wrong', () => {
    expect(() => parseJsonBody(Buffer.from('{\n  "a" 1}'))).toThrow(
      expect.objectContaining({ code: 'client.bad_request', detail: expect.stringContaining('line 2') }),
    );
    expect(() => parseJsonBody(Buffer.from('{"a":'))).toThrow(expect.objectContaining({ detail: expect.stringContaining('too early') }));
  });

  it('does not repeat what was sent', () => {
    expect(() => parseJsonBody(Buffer.from('{"password": hunter2}'))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter') }),
    );
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow(expect.objectContaining({ code: 'client.bad_request' }));
  });
});

import { describe, expect, it } from '@jest/globals';
import { BackendOutput } from '@torii/contracts';
import { applyOutput } from './apply-output.js';

const apply = (output: object) => applyOutput(BackendOutput.parse(output));
const text = (body: string | Uint8Array | undefined) => Buffer.from(body ?? '').toString();

describe('applyOutput', () => {
  it('takes the body forms in their order and skips blank ones', () => {
    const all = { body_str: 'str', body: 'body', body_json: { a: 1 }, body_base64: Buffer.from('b64').toString('base64'), body_bytes: [98, -1] };
    expect(text(apply(all).body)).toBe('str');
    expect(text(apply({ ...all, body_str: ' ' }).body)).toBe('body');
    expect(text(apply({ ...all, body_str: '', body: null }).body)).toBe('{"a":1}');
    expect(text(apply({ ...all, body_str: '', body: '', body_json: null }).body)).toBe('b64');
    expect([...(apply({ body_bytes: [98, -1, 255] }).body as Uint8Array)]).toEqual([98, 255, 255]);
  });

  it('answers JSON unless the guest gives headers, and then exactly those', () => {
    expect(apply({ body_json: [1] }).headers).toEqual({ 'content-type': 'application/json' });
    expect(apply({ body_str: 'x', headers: { 'X-A': '1', 'Content-Type': 'text/html' } }).headers).toEqual({
      'x-a': '1',
      'content-type': 'text/html',
    });
  });

  it('makes an error without a body the body: its body_str as text, anything else as JSON', () => {
    expect(apply({ status: 400, error: { body_str: 'no' } })).toEqual({
      status: 400,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'no',
    });
    expect(apply({ status: 400, error: { error: 'missing' } })).toEqual({
      status: 400,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"missing"}',
    });
    expect(text(apply({ error: 'x', body_str: 'kept' }).body)).toBe('kept');
  });

  it('never lets a guest set framing or connection headers', () => {
    const { headers } = apply({
      headers: { 'Content-Length': '5', 'Transfer-Encoding': 'chunked', Connection: 'upgrade', 'X-Torii-Error': 'x', 'X-Kept': 'y' },
    });
    expect(headers).toEqual({ 'x-kept': 'y' });
  });

  it.each([
    [{ headers: { 'bad name': 'x' } }],
    [{ headers: { '': 'x' } }],
    [{ headers: { a: 'x\r\nset-cookie: y' } }],
    [{ headers: { a: ['ok', 'x\n'] } }],
    [{ headers: { a: 'snow\u2603' } }],
    [{ cookies: [{ name: 'a b', value: 'x' }] }],
    [{ cookies: [{ name: 'a', value: 'x; Path=/' }] }],
    [{ cookies: [{ name: 'a', value: 'x', path: '/;secure' }] }],
    [{ body_base64: 'not base64!' }],
    [{ delegates_call: true }],
  ])('refuses %j as bad output', (output) => {
    expect(() => apply(output)).toThrow(expect.objectContaining({ code: 'plugin.bad_output' }));
  });

  it('writes cookies in either spelling', () => {
    const { headers } = apply({
      cookies: [
        { name: 'a', value: '1', maxAge: 60, path: '/', httpOnly: true, secure: true, sameSite: 'Lax' },
        { name: 'b', value: '2', max_age: 5, http_only: true },
      ],
    });
    expect(headers['set-cookie']).toEqual(['a=1; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax', 'b=2; Max-Age=5; HttpOnly']);
  });

  it('keeps the cookies a guest writes as headers beside those it gives as cookies', () => {
    const { headers } = apply({ headers: { 'Set-Cookie': ['a=1', 'b=2'] }, cookies: [{ name: 'c', value: '3' }] });
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2', 'c=3']);
    expect(apply({ headers: { 'Set-Cookie': 'a=1' }, cookies: [{ name: 'c', value: '3' }] }).headers['set-cookie']).toEqual(['a=1', 'c=3']);
  });

  it('sends no body with a status that has none, nor says of what type it would be', () => {
    expect(apply({ status: 204, body_str: 'x' })).toEqual({ status: 204, headers: {}, body: undefined });
    expect(apply({ status: 304, headers: { ETag: '"1"' } })).toEqual({ status: 304, headers: { etag: '"1"' }, body: undefined });
  });
});

import { describe, expect, it } from '@jest/globals';
import { ResponseTransformerOutput } from '@torii/contracts';
import { changedResponse } from './change-response.js';
import type { GatewayResponse } from './gateway-request.js';

const before: GatewayResponse = {
  status: 404,
  headers: { 'content-type': 'text/html', 'content-encoding': 'gzip', link: ['</a>', '</b>'], 'set-cookie': 'a=1; SameSite=Lax' },
  body: Uint8Array.of(1, 2, 200),
};
const change = (output: object, response = before): GatewayResponse => changedResponse(response, ResponseTransformerOutput.parse(output));

describe('changedResponse', () => {
  it('keeps the status that the output does not give', () => {
    expect(change({ headers: {} }).status).toBe(404);
    expect(change({ status: 200 }).status).toBe(200);
  });

  it('replaces headers as a whole, but not cookies, and keeps lists that come back joined', () => {
    expect(change({ headers: { Link: '</a>, </b>', 'X-A': 'b', 'Content-Length': '9', constructor: 'c' } }).headers).toEqual({
      constructor: 'c',
      link: ['</a>', '</b>'],
      'x-a': 'b',
      'set-cookie': ['a=1; SameSite=Lax'],
    });
  });

  it('leaves alone what is the gateway’s to set', () => {
    const challenged = { status: 407, headers: { 'proxy-authenticate': 'Basic', 'x-a': '1' }, body: '' };
    expect(change({ headers: { 'Proxy-Authenticate': 'None' } }, challenged).headers).toEqual({ 'proxy-authenticate': 'Basic' });
  });

  it('takes cookies from their own field; those that come back keep what plugins do not see of them', () => {
    expect(change({ cookies: [] }).headers).not.toHaveProperty('set-cookie');
    expect(
      change({
        cookies: [
          { name: 'a', value: '1' },
          { name: 'b', value: '2', path: '/' },
        ],
      }).headers['set-cookie'],
    ).toEqual(['a=1; SameSite=Lax', 'b=2; Path=/']);
    expect(change({ headers: { 'set-cookie': 'c=3' } }).headers['set-cookie']).toEqual(['a=1; SameSite=Lax', 'c=3']);
  });

  it('knows that text is not encoded, and lets bytes be as they were', () => {
    expect(change({ body_str: 'x' }).headers).not.toHaveProperty('content-encoding');
    expect(change({ body_bytes: [1] }).headers).toHaveProperty('content-encoding', 'gzip');
    expect(change({ body_base64: Buffer.from([1, 2, 200]).toString('base64') })).toBe(before);
  });

  it('sends no body with a status that has none', () => {
    expect(change({ status: 204, body_str: 'x' })).toMatchObject({ status: 204, body: undefined });
    expect(change({ status: 200 }, { status: 204, headers: {}, body: undefined })).toEqual({ status: 200, headers: {}, body: '' });
  });

  it.each([[{ headers: { 'a b': 'x' } }], [{ headers: { a: 'x\n' } }], [{ cookies: [{ name: 'a b', value: '' }] }], [{ body_base64: '!' }]])(
    'refuses %j as bad output',
    (output) => {
      expect(() => change(output)).toThrow(expect.objectContaining({ code: 'plugin.bad_output' }));
    },
  );
});

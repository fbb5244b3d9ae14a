import { describe, expect, it } from '@jest/globals';
import { parseRequestTarget } from '../routing/request-target.js';
import { inputEncoder } from './encode-input.js';
import type { GatewayRequest } from './gateway-request.js';

function aRequest(part: Partial<GatewayRequest> & { url?: string } = {}): GatewayRequest {
  const target = parseRequestTarget(part.url ?? '/search?q=a&q=b+c&__proto__=1', 'Example.com:8080');
  return {
    id: 'rq-1',
    sequence: 7,
    method: 'POST',
    target,
    rawHeaders: ['Host', 'Example.com:8080', 'X-Twice', '1', 'x-twice', '2'],
    cookieHeader: 'a=1; b=%20',
    httpVersion: '1.1',
    remoteAddress: '127.0.0.1',
    body: new Uint8Array(0),
    pathParams: { id: '42' },
    targetPath: '/',
    ...part,
  };
}

const encode = inputEncoder({ id: 'rt_1' as never, name: 'search' }, { config: { KEY: 'v' } });
const input = (request: GatewayRequest) => JSON.parse(encode(request));

describe('inputEncoder', () => {
  it("writes Otoroshi's backend input", () => {
    expect(input(aRequest())).toMatchObject({
      snowflake: 'rq-1',
      backend: null,
      apikey: null,
      user: null,
      config: { KEY: 'v' },
      global_config: {},
      attrs: {},
      route: { id: 'rt_1', name: 'search' },
      request_body_bytes: null,
      raw_request: {
        id: 7,
        method: 'POST',
        headers: { Host: 'Example.com:8080', 'X-Twice': '1, 2' },
        uri: '/search?q=a&q=b+c&__proto__=1',
        path: '/search',
        version: 'HTTP/1.1',
        has_body: false,
        tls: false,
        remote: '127.0.0.1',
        path_params: { id: '42' },
      },
      request: { url: 'http://Example.com:8080/?q=a&q=b+c&__proto__=1', method: 'POST', path: '/' },
    });
  });

  it('has arrays in query, as a handler that reads request.query.q[0] expects', () => {
    const { request } = input(aRequest());
    expect(request.query.q).toEqual(['a', 'b c']);
    expect(Object.keys(request.query)).toContain('__proto__');
  });

  it('spells cookies in snake case for the raw request and in camel case for the other', () => {
    const { raw_request, request } = input(aRequest());
    expect(raw_request.cookies).toContainEqual(expect.objectContaining({ name: 'b', value: ' ', http_only: false }));
    expect(request.cookies).toContainEqual(expect.objectContaining({ name: 'a', value: '1', httpOnly: false }));
  });

  it('writes the body as signed bytes and as base64', () => {
    const { request_body_bytes, request_body_base64, raw_request } = input(aRequest({ body: Uint8Array.of(1, 255, 128) }));
    expect(request_body_bytes).toEqual([1, -1, -128]);
    expect([...Buffer.from(request_body_base64, 'base64')]).toEqual([1, 255, 128]);
    expect(raw_request.has_body).toBe(true);
  });
});

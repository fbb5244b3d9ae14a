import { describe, expect, it } from '@jest/globals';
import { RequestTransformerOutput, ResponseTransformerOutput } from '@torii/contracts';
import { casesOf } from '@torii/test-kit';
import fc from 'fast-check';
import { aBodySource } from '../../test/a-body-source.js';
import { changedRequest } from './change-request.js';
import { changedResponse } from './change-response.js';
import { requestTransformerInput, responseTransformerInput } from './encode-input.js';
import { Exchange } from './exchange.js';
import type { GatewayRequest, GatewayResponse } from './gateway-request.js';
import { ResponseTexts } from './response-texts.js';

// A transformer that gives back what it was given, all of it or any part, changes not a byte.

const value = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 12,
});
const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/);
const lowerName = fc.oneof(
  fc.constantFrom('content-type', 'link', 'etag', 'content-encoding', '1', 'te', 'x-request-id', 'constructor'),
  token.map((name) => name.toLowerCase()),
);
const bytes = fc.uint8Array({ maxLength: 40 });
const cookieLine = fc.oneof(
  fc.constantFrom(
    'a=b',
    'a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
    'a="q"; path=/; SameSite=None; Secure',
    'x',
    '=v',
    'a=1;max-age=x',
    'a=%20; Domain=.x.y',
  ),
  fc
    .tuple(token, fc.stringMatching(/^[a-z0-9=%]{0,8}$/), fc.constantFrom('', '; Path=/a', ';HttpOnly; Partitioned', '; Max-Age=5'))
    .map(([name, text, rest]) => `${name}=${text}${rest}`),
);
const given = fc.subarray(['status', 'headers', 'cookies', 'body_base64', 'body_bytes', 'url', 'method'] as const);

const response: fc.Arbitrary<GatewayResponse> = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }),
    headers: fc.dictionary(lowerName, fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 3 })), { maxKeys: 4 }),
    cookies: fc.array(cookieLine, { maxLength: 3 }),
    body: fc.oneof(bytes, fc.string()),
  })
  .map(({ status, headers, cookies, body }) => ({
    status,
    headers: cookies.length === 0 ? headers : { ...headers, 'set-cookie': cookies },
    body: status === 204 || status === 205 || status === 304 ? undefined : body,
  }));

const request: fc.Arbitrary<GatewayRequest & { readonly body: Uint8Array }> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PATCH'),
    path: fc.constantFrom('/', '/a%20b/c', '/x;y=1/', '/a//b'),
    search: fc.constantFrom('', 'a=1&b=%20+', '?', 'q=a?b'),
    authority: fc.constantFrom('example.com', 'Example.com:8080', ''),
    headers: fc.array(
      fc.tuple(fc.oneof(fc.constantFrom('Host', 'X-Twice', 'x-twice', 'Content-Length', 'Transfer-Encoding', 'Connection'), token), value),
      {
        maxLength: 8,
      },
    ),
    cookieHeader: fc.constantFrom(undefined, 'a=1; b="%20"', 'a=1; a=2', 'ü=\\', 'x', ''),
    body: bytes,
  })
  .map(({ method, path, search, authority, headers, cookieHeader, body }) => ({
    id: 'r',
    sequence: 1,
    method,
    target: { host: authority, authority, path, search, isQueryEmpty: false, segments: [] },
    rawHeaders: [
      ...headers.filter(([name]) => name.toLowerCase() !== 'cookie').flat(),
      ...(cookieHeader === undefined ? [] : ['Cookie', cookieHeader]),
    ],
    cookieHeader,
    httpVersion: '1.1',
    remoteAddress: '::1',
    hasBody: body.length > 0,
    pathParams: {},
    routeJson: '{}',
    targetPath: path,
    body,
  }));

describe('a response_transformer that changes nothing', () => {
  it('changes nothing, byte for byte, whichever parts of the response it gives back', () => {
    fc.assert(
      fc.property(response, given, (before, parts) => {
        const exchange = new Exchange(anyRequest, aBodySource(new Uint8Array(0)));
        const told = JSON.parse(responseTransformerInput({})(exchange, new ResponseTexts(before)));
        const all = { ...told.otoroshi_response, body_base64: told.response_body_base64, body_bytes: told.response_body_bytes };
        const output = Object.fromEntries(parts.map((part) => [part, all[part]]));
        expect(changedResponse(before, ResponseTransformerOutput.parse(output))).toBe(before);
      }),
      { numRuns: casesOf(1_000) },
    );
  });
});

describe('a request_transformer that changes nothing', () => {
  it('changes nothing, byte for byte, whichever parts of the request it gives back', async () => {
    await fc.assert(
      fc.asyncProperty(request, given, async (one, parts) => {
        const exchange = new Exchange(one, aBodySource(one.body));
        await exchange.readBody(1_000);
        const told = JSON.parse(requestTransformerInput({})(exchange));
        const all = { ...told.otoroshi_request, body_base64: told.request_body_base64, body_bytes: told.request_body_bytes };
        const output = Object.fromEntries(parts.map((part) => [part, all[part]]));
        const after = changedRequest(exchange.outgoing, one.target.authority, RequestTransformerOutput.parse(output));
        expect(after).toEqual(exchange.outgoing);
        expect(after.rawHeaders).toBe(one.rawHeaders);
        expect(after.body).toBe(exchange.outgoing.body);
      }),
      { numRuns: casesOf(1_000) },
    );
  });
});

const anyRequest: GatewayRequest = {
  id: 'r',
  sequence: 1,
  method: 'GET',
  target: { host: 'h', authority: 'h', path: '/', search: '', isQueryEmpty: false, segments: [''] },
  rawHeaders: [],
  cookieHeader: undefined,
  httpVersion: '1.1',
  remoteAddress: '::1',
  hasBody: false,
  pathParams: {},
  routeJson: '{}',
  targetPath: '/',
};

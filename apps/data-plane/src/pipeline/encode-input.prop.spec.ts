import { describe, expect, it } from '@jest/globals';
import { anyText } from '@torii/test-kit';
import { parseCookie } from 'cookie';
import fc from 'fast-check';
import { aBodySource } from '../../test/a-body-source.js';
import { backendInput } from './encode-input.js';
import { Exchange } from './exchange.js';
import type { GatewayRequest } from './gateway-request.js';

// The input is put together by hand. Here it is held against what JSON.stringify makes of the same as objects.

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 20 });
const headerName = fc.oneof(
  fc.constantFrom('Host', 'X-Twice', 'x-twice', 'Cookie', 'cookie', '__proto__'),
  fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,10}$/),
);
const queryText = fc.oneof(
  fc.constantFrom('a=1', 'a=2', 'b', '=', '__proto__=x', 'c=%41', 'd=%', 'e+f=+', '%ff=1', ''),
  fc.webQueryParameters(),
  latin1,
);
const request: fc.Arbitrary<GatewayRequest & { readonly body: Uint8Array }> = fc
  .record({
    id: fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/),
    sequence: fc.nat(),
    method: fc.constantFrom('GET', 'POST', 'M-SEARCH'),
    path: latin1.map((text) => `/${text}`),
    targetPath: fc.option(latin1.map((text) => `/${text}`)),
    search: fc.array(queryText, { maxLength: 4 }).map((parts) => parts.join('&')),
    headers: fc.array(fc.tuple(headerName, latin1), { maxLength: 25 }),
    cookieHeader: fc.option(fc.constantFrom('a=1; b="%20"', 'a', 'ü=\\; c=%41', ''), { nil: undefined }),
    httpVersion: fc.constantFrom('1.0', '1.1'),
    body: fc.uint8Array({ maxLength: 10 }),
    pathParams: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), anyText(10), { maxKeys: 3 }),
  })
  .map(({ path, search, headers, targetPath, ...rest }) => ({
    ...rest,
    target: { host: 'example.com', authority: 'Example.com:8080', path, search, isQueryEmpty: false, segments: [] },
    rawHeaders: headers.flat(),
    hasBody: rest.body.length > 0,
    remoteAddress: '::ffff:127.0.0.1',
    routeJson: '{"id":"rt_1","name":"search"}',
    targetPath: targetPath ?? path,
  }));

function asObjects({ target, ...request }: GatewayRequest & { readonly body: Uint8Array }): object {
  const headers = new Map<string, [name: string, value: string]>();
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(index, index + 2);
    const known = headers.get(name.toLowerCase());
    if (known === undefined) headers.set(name.toLowerCase(), [name, value]);
    else known[1] += (name.toLowerCase() === 'cookie' ? '; ' : ', ') + value;
  }
  const query = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(`?${target.search}`)) query.set(name, [...(query.get(name) ?? []), value]);
  const withSearch = (path: string): string => (target.search === '' ? path : `${path}?${target.search}`);
  const shared = {
    method: request.method,
    headers: Object.fromEntries(headers.values()),
    query: Object.fromEntries(query),
    version: `HTTP/${request.httpVersion}`,
    client_cert_chain: null,
    path_params: request.pathParams,
  };
  const cookies = Object.entries(request.cookieHeader === undefined ? {} : parseCookie(request.cookieHeader)).map(([name, value]) => ({
    name,
    value,
  }));
  return {
    snowflake: request.id,
    backend: null,
    apikey: null,
    user: null,
    global_config: {},
    attrs: {},
    config: { KEY: 'a "value"' },
    route: { id: 'rt_1', name: 'search' },
    raw_request: {
      ...shared,
      id: request.sequence,
      cookies: cookies.map((cookie) => ({ ...cookie, path: null, domain: null, http_only: false, max_age: null, secure: false, same_site: null })),
      tls: false,
      uri: withSearch(target.path),
      path: target.path,
      has_body: request.body.length > 0,
      remote: request.remoteAddress,
    },
    request: {
      ...shared,
      url: `http://${target.authority}${withSearch(request.targetPath)}`,
      backend: null,
      cookies: cookies.map((cookie) => ({ ...cookie, domain: null, path: null, maxAge: null, secure: false, httpOnly: false })),
      path: request.targetPath,
    },
    request_body_bytes: request.body.length === 0 ? null : [...new Int8Array(request.body)],
    request_body_base64: request.body.length === 0 ? null : Buffer.from(request.body).toString('base64'),
  };
}

describe('backendInput', () => {
  it('writes what JSON.stringify would make of the same objects, whatever the request holds', async () => {
    const encode = backendInput({ KEY: 'a "value"' });
    await fc.assert(
      fc.asyncProperty(request, async (one) => {
        const exchange = new Exchange(one, aBodySource(one.body));
        await exchange.readBody(100);
        expect(JSON.parse(encode(exchange))).toEqual(JSON.parse(JSON.stringify(asObjects(one))));
      }),
      { numRuns: 1_000 },
    );
  });
});

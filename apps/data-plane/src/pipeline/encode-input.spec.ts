import { describe, expect, it } from '@jest/globals';
import { aBodySource } from '../../test/a-body-source.js';
import { parseRequestTarget } from '../routing/request-target.js';
import {
  accessValidatorInput,
  backendInput,
  type EncodeInput,
  preRouteInput,
  requestTransformerInput,
  responseTransformerInput,
  routeMatcherInput,
  sinkInput,
  sinkQuestion,
} from './encode-input.js';
import { Exchange } from './exchange.js';
import type { GatewayRequest } from './gateway-request.js';
import { ResponseTexts } from './response-texts.js';

const noBody = new Uint8Array(0);

function anExchange(part: Partial<GatewayRequest> = {}): Exchange {
  const request: GatewayRequest = {
    id: 'rq-1',
    sequence: 7,
    method: 'POST',
    target: parseRequestTarget('/search?q=a&q=b+c&__proto__=1', 'Example.com:8080'),
    rawHeaders: ['Host', 'Example.com:8080', 'X-Twice', '1', 'x-twice', '2'],
    cookieHeader: 'a=1; b=%20',
    httpVersion: '1.1',
    remoteAddress: '127.0.0.1',
    hasBody: false,
    pathParams: { id: '42' },
    routeJson: '{"id":"rt_1","name":"search"}',
    targetPath: '/',
    ...part,
  };
  return new Exchange(request, aBodySource(noBody));
}

const encode = backendInput({ KEY: 'v' });
const input = (exchange: Exchange, by: EncodeInput = encode) => JSON.parse(by(exchange));

describe('backendInput', () => {
  it("writes Otoroshi's backend input", () => {
    expect(input(anExchange())).toMatchObject({
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
    const { request } = input(anExchange());
    expect(request.query.q).toEqual(['a', 'b c']);
    expect(Object.keys(request.query)).toContain('__proto__');
  });

  it('spells cookies in snake case for the raw request and in camel case for the other', () => {
    const { raw_request, request } = input(anExchange());
    expect(raw_request.cookies).toContainEqual(expect.objectContaining({ name: 'b', value: ' ', http_only: false }));
    expect(request.cookies).toContainEqual(expect.objectContaining({ name: 'a', value: '1', httpOnly: false }));
  });

  it('writes the body as signed bytes and as base64', () => {
    const exchange = anExchange({ hasBody: true });
    exchange.change({ ...exchange.outgoing, body: Uint8Array.of(1, 255, 128) });
    const { request_body_bytes, request_body_base64, raw_request } = input(exchange);
    expect(request_body_bytes).toEqual([1, -1, -128]);
    expect([...Buffer.from(request_body_base64, 'base64')]).toEqual([1, 255, 128]);
    expect(raw_request.has_body).toBe(true);
  });

  it('shows the request as transformers left it beside the one that came in', () => {
    const exchange = anExchange();
    const { raw_request: before } = input(exchange);
    exchange.change({ ...exchange.outgoing, method: 'PUT', path: '/"new"', search: 'x=1', rawHeaders: ['X-A', 'b'], cookieHeader: 'c=d' });
    exchange.attributes.set('seen', '[1]');
    expect(input(exchange)).toMatchObject({
      attrs: { seen: [1] },
      raw_request: before,
      request: {
        url: 'http://Example.com:8080/"new"?x=1',
        path: '/"new"',
        method: 'PUT',
        headers: { 'X-A': 'b' },
        query: { x: ['1'] },
        cookies: [{ name: 'c', value: 'd' }],
      },
    });
  });
});

describe('inputs of slots', () => {
  const config = { key: 'v', list: [1] };

  it('have what a pre_route plugin of Otoroshi is told, without a body', () => {
    expect(Object.keys(input(anExchange(), preRouteInput(config))).sort()).toEqual([
      'attrs',
      'config',
      'global_config',
      'request',
      'route',
      'snowflake',
    ]);
    expect(input(anExchange(), preRouteInput(config))).toMatchObject({ config, request: { path: '/search' } });
  });

  it('have what a route_matcher of Otoroshi is told', () => {
    const told = input(anExchange(), routeMatcherInput(config));
    expect(Object.keys(told).sort()).toEqual(['attrs', 'config', 'request', 'route', 'snowflake']);
    expect(told).toMatchObject({ config, route: { id: 'rt_1', name: 'search' }, request: { path: '/search' } });
  });

  it('have what an access_validator of Otoroshi is told', () => {
    const told = input(anExchange(), accessValidatorInput(config));
    expect(told).toMatchObject({ config, apikey: null, user: null, global_config: {}, attrs: {}, route: { id: 'rt_1' } });
    expect(told.request).toEqual(input(anExchange()).raw_request);
  });

  it('tell a sink what Otoroshi tells it, of no route, and the body only when it is to answer', () => {
    const exchange = anExchange({ hasBody: true, routeJson: 'null' });
    exchange.change({ ...exchange.outgoing, body: Uint8Array.of(1, 255) });
    const asked = input(exchange, sinkQuestion(config));
    expect(Object.keys(asked).sort()).toEqual(['attrs', 'config', 'message', 'origin', 'request', 'snowflake', 'status']);
    expect(asked).toMatchObject({ config, origin: 'NgReverseProxy', status: 404, message: 'no route found !', request: { path: '/search' } });
    expect(input(exchange, sinkInput(config))).toEqual({ ...asked, body_bytes: [1, -1], body_base64: 'Af8=' });
    expect(input(anExchange(), sinkInput(config))).toMatchObject({ body_bytes: [], body_base64: '' });
  });

  it('give a request_transformer the request as it came in and as it would go on', () => {
    const told = input(anExchange(), requestTransformerInput(config));
    expect(told).toMatchObject({
      config,
      raw_request: { url: 'http://Example.com:8080/search?q=a&q=b+c&__proto__=1', path: '/search' },
      otoroshi_request: { url: 'http://Example.com:8080/?q=a&q=b+c&__proto__=1', path: '/' },
      request: { uri: '/search?q=a&q=b+c&__proto__=1' },
      request_body_bytes: null,
    });
  });

  it('give a response_transformer the response as the target answered and as it is now, cookies apart', () => {
    const answered = { status: 201, headers: { 'x-a': ['1', '2'], 'set-cookie': 'a=b; Path=/; Max-Age=5; HttpOnly' }, body: 'é' };
    const texts = new ResponseTexts(answered);
    texts.change({ ...answered, status: 202, headers: {}, body: Uint8Array.of(200) });
    const told = JSON.parse(responseTransformerInput(config)(anExchange(), texts));
    expect(told).toMatchObject({
      config,
      raw_response: {
        status: 201,
        headers: { 'x-a': '1, 2' },
        cookies: [{ name: 'a', value: 'b', path: '/', domain: null, maxAge: 5, secure: false, httpOnly: true }],
      },
      otoroshi_response: { status: 202, headers: {}, cookies: [] },
      response_body_bytes: [-56],
      response_body_base64: 'yA==',
    });
  });
});

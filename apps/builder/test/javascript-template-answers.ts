import { expect } from '@jest/globals';

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** What each test input of a template in JavaScript or TypeScript is answered, in their order. */
export const javascriptTemplateAnswers: Readonly<Record<string, readonly unknown[]>> = {
  empty: [
    { status: 200, body_json: { hello: 'torii' } },
    { status: 200, body_json: { hello: 'world' } },
  ],
  backend: [
    { status: 200, headers: json, body_json: { greeting: 'Hello, torii!', path: '/', agent: null, body: '' } },
    { status: 200, headers: json, body_json: { greeting: 'Hello, world!', path: '/', agent: 'curl', body: 'hello' } },
    { status: 405, headers: { allow: 'GET, POST' }, body_json: { error: 'DELETE is not for this' } },
  ],
  'access-validator': [{ result: true }, { result: false, error: { message: 'you are not authorized', status: 401 } }],
  'request-transformer': [{ headers: { host: 'example.com', 'x-forwarded-for': '192.0.2.7', 'x-route': 'shop' }, cookies: [] }],
  'response-transformer': [
    { status: 201, headers: { 'Content-Type': 'application/json', 'x-transformed-by': 'torii' }, body_json: { id: 1, transformed: true } },
    { status: 200, headers: { 'content-type': 'text/plain', 'x-transformed-by': 'torii' } },
  ],
  'pre-route': [{ error: false }, { error: true, status: 503, headers: { 'retry-after': '60' }, body_json: { message: 'back in a minute' } }],
  'route-matcher': [{ result: true }, { result: false }],
  sink: [{ result: true }, { status: 308, headers: { location: '/new/page?a=1' } }, { result: false }],
  'websocket-transformer': [
    { error: false, message: { kind: 'text', payload: 'hello' } },
    { error: true, reason: 'texts only' },
    { error: false, message: { kind: 'text', payload: 'paid with ************1111' } },
  ],
  geolocation: [
    { body_json: expect.objectContaining({ type: 'FeatureCollection', query: '20 Avenue de Ségur Paris' }) },
    { status: 400, body_json: { error: 'missing query param q' } },
  ],
};

import { createHash, randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import type { ApiClient } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;

beforeAll(async () => {
  torii = await startControlPlane();
  api = torii.api;
});
afterAll(() => torii?.close());

const plugins = '/api/v1/plugins';

/** A new admin key, also with scopes that there are not. */
async function aKeyWith(...scopes: string[]): Promise<string> {
  const key = `torii_${randomUUID()}`;
  await torii.database.query('INSERT INTO admin_keys (id, name, hash, prefix, scopes, created_at) VALUES ($1, $1, $2, $3, $4, now())', [
    `key_${randomUUID()}`,
    createHash('sha256').update(key).digest('hex'),
    'torii_',
    scopes,
  ]);
  return key;
}

/** What the server answers to text written as it is. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(torii.url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
    socket.setTimeout(60_000, () => socket.destroy(new Error('no answer')));
  });
}

describe('every error', () => {
  it('is problem+json with a code, the request id and the newest revision', async () => {
    const { status, headers, body } = await api.get('/api/v1/nowhere', { 'x-request-id': 'my-request.1' });
    expect(status).toBe(404);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(headers.get('x-request-id')).toBe('my-request.1');
    expect(headers.get('x-config-revision')).toMatch(/^\d+$/);
    expect(body).toEqual({
      type: 'urn:torii:error:client.not_found',
      title: 'There is no such thing',
      status: 404,
      code: 'client.not_found',
      requestId: 'my-request.1',
    });
  });

  it('has a request id of ours when the caller sends one that is not harmless', async () => {
    for (const id of ['a b', 'x'.repeat(65), '"><script>']) {
      expect((await api.get('/api/v1/nowhere', { 'x-request-id': id })).body.requestId).toMatch(/^rq_/);
    }
  });
});

describe('the first admin key', () => {
  it('is in a file only its owner can read, and in the database only as a hash', async () => {
    for (const name of ['admin-key', 'node-token']) expect((await stat(path.join(torii.home, name))).mode & 0o777).toBe(0o600);
    const key = (await readFile(path.join(torii.home, 'admin-key'), 'utf8')).trim();
    expect(key).toMatch(/^torii_[A-Za-z0-9_-]{43}$/);
    const { rows } = await torii.database.query("SELECT * FROM admin_keys WHERE name = 'first'");
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(key);
    expect(rows[0].hash).toBe(createHash('sha256').update(key).digest('hex'));
  });
});

describe('a request without a valid key', () => {
  it.each([undefined, 'wrong', 'torii_wrong'])('is answered 401 with the key %s, whatever it asks for', async (key) => {
    const stranger = api.withKey(key);
    for (const path of ['/api/v1/plugins', '/api/v1/routes/x', '/api/v1/artifacts', '/api/v1/nodes', '/api/v1/nowhere', '/%61pi/v1/plugins']) {
      const { status, headers, body } = await stranger.get(path);
      expect({ path, status, code: body.code }).toEqual({ path, status: 401, code: 'client.unauthenticated' });
      expect(headers.get('www-authenticate')).toBe('Bearer');
    }
    expect(await stranger.send('PUT', '/api/v1/plugins/x', { not: 'read' })).toMatchObject({ status: 401 });
    expect(await stranger.send('DELETE', '/api/v1/plugins/x')).toMatchObject({ status: 401 });
  });

  it('is answered before its body is read', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        if (pulled > 500) return controller.close();
        controller.enqueue(Buffer.alloc(1024 * 1024));
      },
    });
    const answer = await api.withKey(undefined).send('POST', '/api/v1/artifacts', body, { 'content-type': 'application/wasm' });
    expect(answer.status).toBe(401);
    expect(pulled).toBeLessThan(500);
  });
});

describe('scopes', () => {
  it('let a key do what they say, and no more', async () => {
    const reader = api.withKey(await aKeyWith('plugins:read', 'nodes:read'));
    expect(await reader.get('/api/v1/plugins')).toMatchObject({ status: 200 });
    expect(await reader.get('/api/v1/nodes')).toMatchObject({ status: 200 });
    for (const [method, path] of [
      ['POST', '/api/v1/plugins'],
      ['PUT', '/api/v1/plugins/x'],
      ['PATCH', '/api/v1/plugins/x'],
      ['DELETE', '/api/v1/plugins/x'],
      ['POST', '/api/v1/routes'],
      ['GET', '/api/v1/routes'],
      ['GET', '/api/v1/artifacts'],
    ] as const) {
      const { status, body } = await reader.send(method, path, method === 'GET' || method === 'DELETE' ? undefined : {});
      expect({ method, path, status, code: body.code }).toEqual({ method, path, status: 403, code: 'client.forbidden' });
    }
  });

  it('that this version does not know grant nothing', async () => {
    expect(await api.withKey(await aKeyWith('everything')).get('/api/v1/plugins')).toMatchObject({ status: 403 });
  });
});

describe('bodies', () => {
  it.each([
    ['cut off', '{"name":', /too early/],
    ['malformed', '{"name": "x",\n"wasi" true}', /line 2, column/],
    ['empty', '', /needed/],
  ])('that are %s are answered 400', async (_, text, detail) => {
    const answer = await api.send('POST', plugins, text === '' ? undefined : text, { 'content-type': 'application/json' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'client.bad_request', detail: expect.stringMatching(detail) } });
  });

  it.each(['[]', '"text"', '12'])('that are JSON but no object, such as %s, are answered 422', async (text) => {
    expect(await api.send('POST', plugins, text, { 'content-type': 'application/json' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '' }] },
    });
  });

  it('that hold what the database cannot are answered 422 with a pointer', async () => {
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    for (const [text, pointer] of [
      ['{"description":"a\\u0000b"}', '/description'],
      ['{"config":{"a":"\\ud800"}}', '/config/a'],
      ['{"config":{"a\\u0000":"b"}}', '/config'],
      ['{"tags":["x","a\\u0000"]}', '/tags/1'],
      [`{"config":${deep}}`, expect.stringMatching('^/config(/a)+$')],
      [`{"config":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, expect.stringMatching('^/config(/0)+$')],
    ] as const) {
      const answer = await api.send('POST', plugins, text, { 'content-type': 'application/json', 'idempotency-key': 'odd' });
      expect(answer).toMatchObject({ status: 422, body: { code: 'client.invalid', errors: [{ pointer }] } });
    }
  });

  it('with fields behind __proto__ are answered 422', async () => {
    const answer = await api.send('POST', plugins, '{"__proto__":{"name":"a","functionName":"f"}}', { 'content-type': 'application/json' });
    expect(answer).toMatchObject({ status: 422, body: { errors: expect.arrayContaining([expect.objectContaining({ pointer: '/name' })]) } });
  });

  it('of other content types are answered 415', async () => {
    for (const type of ['text/plain', 'application/xml', 'nonsense']) {
      expect(await api.send('POST', plugins, '{}', { 'content-type': type })).toMatchObject({ status: 415 });
    }
    expect(await api.send('POST', '/api/v1/nowhere', '{}', { 'content-type': 'text/plain' })).toMatchObject({ status: 404 });
  });

  it('of 100 MiB are answered 413, and the API goes on', async () => {
    const body = Buffer.alloc(100 * 1024 * 1024, ' ');
    expect(await api.send('POST', plugins, body, { 'content-type': 'application/json' })).toMatchObject({
      status: 413,
      body: { code: 'client.body_too_large' },
    });
    expect(await api.get(plugins)).toMatchObject({ status: 200 });
  });

  it('that grow past 8 MiB without saying so are answered 413', async () => {
    let left = 10;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left === 0) return controller.close();
        left -= 1;
        controller.enqueue(Buffer.alloc(1024 * 1024, ' '));
      },
    });
    expect(await api.send('POST', plugins, endless, { 'content-type': 'application/json' })).toMatchObject({ status: 413 });
  });
});

describe('requests that are not HTTP as we take it', () => {
  it('are refused and closed', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
    expect(await raw(`GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431/);
  });

  it('are answered in problem+json where the URL is malformed', async () => {
    const answer = await raw('GET /api/v1/plugins/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d/);
    expect(answer).toContain('application/problem+json');
  });
});

describe('text that the database cannot hold', () => {
  const cursorOf = (position: string) => Buffer.from(position).toString('base64url');

  it.each([`${plugins}/a%00b`, '/api/v1/routes/a%00b', '/api/v1/artifacts/a%00b', `${plugins}/a%00b/versions`])(
    'names nothing in %s',
    async (path) => {
      expect(await api.get(path)).toMatchObject({ status: 404, body: { code: 'client.not_found' } });
    },
  );

  it.each([
    [`${plugins}?q=a%00b`, '?q'],
    ['/api/v1/routes?tag=%00', '?tag'],
    [`${plugins}?cursor=${cursorOf('{"name":"a\\u0000"}')}`, '?cursor'],
    [`${plugins}/numbered/versions?cursor=${cursorOf('{"version":99999999999}')}`, '?cursor'],
  ])('is refused in %s', async (path, pointer) => {
    if (path.includes('numbered')) await api.aPlugin('numbered');
    expect(await api.get(path)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });
});

describe('health', () => {
  it('needs no key', async () => {
    const stranger = api.withKey(undefined);
    expect(await stranger.get('/livez')).toMatchObject({ status: 200, body: { status: 'ok' } });
    await eventually(async () =>
      expect(await stranger.get('/readyz')).toMatchObject({
        status: 200,
        body: { status: 'ok', checks: { database: { ok: true }, redis: { ok: true }, publisher: { ok: true } } },
      }),
    );
  });
});

describe('OpenAPI', () => {
  interface OpenApi {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; parameters: { in: string; name: string }[]; responses: Record<string, unknown> }>>;
  }

  it('is served without a key, with its pages and without a word from elsewhere', async () => {
    const stranger = api.withKey(undefined);
    const page = await stranger.get<string>('/docs');
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('swagger-ui') });
    expect(page.body).not.toMatch(/(src|href)="https?:/);
    expect(await stranger.get('/docs/swagger-ui.css')).toMatchObject({ status: 200 });
    expect(await stranger.get('/docs/swagger-ui-bundle.js')).toMatchObject({ status: 200 });
  });

  it('describes every operation of the API, and no other', async () => {
    const { body } = await api.get<OpenApi>('/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const described = Object.entries(body.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = torii.routes
      .filter(({ url }) => url.startsWith('/api/'))
      .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')}`);
    expect(described.sort()).toEqual(served.sort());
    expect(described).toContain('PATCH /api/v1/routes/{route}');
  });

  it('names every parameter of a path, and gives each operation an id of its own', async () => {
    const { body } = await api.get<OpenApi>('/openapi.json');
    const operations = Object.entries(body.paths).flatMap(([path, methods]) => Object.values(methods).map((operation) => ({ path, operation })));
    for (const { path, operation } of operations) {
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect(inPath).toEqual(path.match(/\{\w+\}/g) ?? []);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403', '422', '503']));
    }
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  });

  it('has only references that lead somewhere', async () => {
    const { body } = await api.get<{ components: { schemas: object } }>('/openapi.json');
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(0);
    expect(Object.keys(body.components.schemas)).toEqual(expect.arrayContaining([...new Set(references)]));
  });
});

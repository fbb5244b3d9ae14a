import { createHash, randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;

beforeAll(async () => {
  torii = await startControlPlane();
  api = torii.api;
}, 60_000);
afterAll(() => torii?.close());

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

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, type Relay, startRelay } from '@torii/test-kit';
import type { ApiClient } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;
let relay: Relay;

beforeAll(async () => {
  torii = await startControlPlane({
    wayToDatabase: async (databaseUrl) => {
      relay = await startRelay(databaseUrl);
      return relay.url;
    },
  });
  api = torii.api;
  await api.aPlugin('geo');
});
afterAll(async () => {
  await torii?.close();
  await relay?.close();
});

describe('while the database is away', () => {
  it('answers 503 with Retry-After, says so at /readyz, and goes on by itself when it is back', async () => {
    relay.cut();
    const away = { status: 503, body: { code: 'platform.database' } };
    const refused = await api.get('/api/v1/plugins');
    expect(refused).toMatchObject(away);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await api.send('PATCH', '/api/v1/plugins/geo', { description: 'x' })).toMatchObject(away);
    expect(await api.get('/livez')).toMatchObject({ status: 200 });
    await eventually(async () =>
      expect(await api.get('/readyz')).toMatchObject({ status: 503, body: { checks: { database: { ok: false }, redis: { ok: true } } } }),
    );

    relay.restore();
    await eventually(async () => expect(await api.get('/readyz')).toMatchObject({ status: 200 }));
    expect(await api.get('/api/v1/plugins/geo')).toMatchObject({ status: 200, body: { description: '' } });
    expect(await api.send('PATCH', '/api/v1/plugins/geo', { description: 'y' })).toMatchObject({ status: 200, body: { version: 2 } });
  });

  it('does a write wholly or not at all when the connection breaks in the middle', async () => {
    const writes = Array.from({ length: 10 }, (_, index) =>
      api.send('POST', '/api/v1/routes', { name: `r${index}`, match: [{}], target: { kind: 'function', plugin: 'geo' } }),
    );
    await Promise.race(writes);
    relay.cut();
    const answers = await Promise.all(writes);
    expect(answers.every(({ status }) => status === 201 || status === 503)).toBe(true);
    relay.restore();
    await eventually(async () => expect(await api.get('/readyz')).toMatchObject({ status: 200 }));
    const { rows } = await torii.database.query(
      `SELECT (SELECT count(*)::int FROM routes) AS routes,
              (SELECT count(*)::int FROM route_plugins) AS links,
              (SELECT count(*)::int FROM audit WHERE entity_kind = 'route') AS audited,
              (SELECT count(*) FROM revisions) = (SELECT revision FROM config_state) AS numbered`,
    );
    const created = answers.filter(({ status }) => status === 201).length;
    expect(rows[0]).toEqual({ routes: rows[0].routes, links: rows[0].routes, audited: rows[0].routes, numbered: true });
    // An answer may be lost after the commit, but none is given for a write that did not happen.
    expect(rows[0].routes).toBeGreaterThanOrEqual(created);
  });
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Plugin } from '@torii/contracts';
import type { ApiClient } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;

const aRouteBody = (name: string) => ({ name, match: [{}], target: { kind: 'function', plugin: 'base' } });
const revisionOf = (answer: { headers: Headers }) => Number(answer.headers.get('x-config-revision'));

export function describeWrites(running: () => TestControlPlane): void {
  beforeAll(async () => {
    torii = running();
    api = torii.api;
    await api.aPlugin('base');
  });

  describe('concurrent writes', () => {
    it('make one revision each, without gaps, whichever control plane takes them', async () => {
      const other = await torii.startAnother();
      try {
        const before = revisionOf(await api.get('/api/v1/routes'));
        const answers = await Promise.all(
          Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? api : other.api).send('POST', '/api/v1/routes', aRouteBody(`many-${index}`))),
        );
        expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(201));
        const revisions = answers.map(revisionOf).sort((a, b) => a - b);
        expect(revisions).toEqual(Array.from({ length: 30 }, (_, index) => before + 1 + index));
        const { rows } = await torii.database.query('SELECT count(*)::int AS rows, max(revision)::int AS newest FROM revisions');
        expect(rows).toEqual([{ rows: before + 30, newest: before + 30 }]);
      } finally {
        await other.close();
      }
    });

    it('with one If-Match are won by exactly one', async () => {
      const { headers } = await api.send('PATCH', '/api/v1/plugins/base', { description: 'start' });
      const ifMatch = { 'if-match': headers.get('etag') ?? '' };
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) => api.send<Plugin>('PATCH', '/api/v1/plugins/base', { description: `writer ${index}` }, ifMatch)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)]);
      const winner = answers.find(({ status }) => status === 200);
      expect((await api.get<Plugin>('/api/v1/plugins/base')).body).toEqual(winner?.body);
    });

    it('with one name create one entity', async () => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => api.send('POST', '/api/v1/routes', aRouteBody('one-name'))));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    });

    it('never leave a route without its plugin', async () => {
      await api.aPlugin('contested');
      const [made, deleted] = await Promise.all([
        api.send('POST', '/api/v1/routes', { ...aRouteBody('contester'), target: { kind: 'function', plugin: 'contested' } }),
        api.send('DELETE', '/api/v1/plugins/contested'),
      ]);
      expect([
        [201, 409],
        [422, 204],
      ]).toContainEqual([made.status, deleted.status]);
    });
  });

  describe('a DELETE with an Idempotency-Key', () => {
    it('is done once, and answered the same way again', async () => {
      await api.send('PUT', '/api/v1/routes/deleted-once', aRouteBody('deleted-once'));
      const remove = () => api.send('DELETE', '/api/v1/routes/deleted-once', undefined, { 'idempotency-key': 'delete-once' });
      expect(await remove()).toMatchObject({ status: 204, body: '' });
      expect(await remove()).toMatchObject({ status: 204, body: '' });
      expect(await api.get('/api/v1/routes/deleted-once')).toMatchObject({ status: 404 });
    });
  });

  describe('the audit', () => {
    it('has exactly one row per change: who, what, before and after', async () => {
      const id = 'audited-request';
      const tagged = { 'x-request-id': id };
      await api.send('PUT', '/api/v1/routes/audited', aRouteBody('audited'), tagged);
      await api.send('PATCH', '/api/v1/routes/audited', { tags: ['x'] }, tagged);
      await api.send('PATCH', '/api/v1/routes/audited', { tags: ['x'] }, tagged); // changes nothing
      await api.send('PATCH', '/api/v1/routes/audited', { tags: 1 }, tagged); // refused
      await api.send('DELETE', '/api/v1/routes/audited', undefined, tagged);
      const { rows } = await torii.database.query('SELECT * FROM audit WHERE request_id = $1 ORDER BY revision', [id]);
      expect(rows.map(({ action, before, after }) => ({ action, before: before?.tags, after: after?.tags }))).toEqual([
        { action: 'create', before: undefined, after: [] },
        { action: 'update', before: [], after: ['x'] },
        { action: 'delete', before: ['x'], after: undefined },
      ]);
      for (const row of rows)
        expect(row).toMatchObject({ actor: expect.stringMatching(/^key_/), entity_kind: 'route', entity_name: 'audited', workspace: 'default' });
    });

    it('has one row per revision', async () => {
      const { rows } = await torii.database.query(
        'SELECT r.revision FROM revisions r LEFT JOIN audit a ON a.revision = r.revision GROUP BY r.revision HAVING count(a.id) <> 1',
      );
      expect(rows).toEqual([]);
    });
  });
}

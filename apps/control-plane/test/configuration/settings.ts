import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Plugin, Problem, Settings } from '@torii/contracts';
import { answeringGuestWith } from '@torii/test-kit';
import { aKeyWith } from '../support/admin-key.js';
import type { ApiClient } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;

const settings = '/api/v1/settings';
const asWritten = { version: 'latest', enabled: true, include: [], exclude: [], config: {}, onError: 'fail' };

const revisionOf = async () => Number((await api.get(settings)).headers.get('x-config-revision'));

export function describeSettings(running: () => TestControlPlane): void {
  beforeAll(async () => {
    torii = running();
    api = torii.api;
    await api.aPlugin('backend');
    await api.aPlugin('sentry', { kind: 'access_validator' });
  });

  afterEach(async () => {
    await api.send('PUT', settings, {});
  });

  describe('the settings', () => {
    it('are there before anybody has written any, and answer 304 to who has them', async () => {
      const { status, headers, body } = await api.get<Settings>(settings);
      expect([status, body]).toEqual([200, { plugins: [] }]);
      const etag = headers.get('etag') ?? '';
      expect(await api.get(settings, { 'if-none-match': etag })).toMatchObject({ status: 304 });
    });

    it('take plugins by name or id, and answer them by the name they have now', async () => {
      const { body: plugin } = await api.get<Plugin>('/api/v1/plugins/sentry');
      const answer = await api.send<Settings>('PUT', settings, {
        plugins: [
          { plugin: plugin.id, onError: 'skip' },
          { plugin: 'sentry', version: 1 },
        ],
      });
      expect([answer.status, answer.body]).toEqual([
        200,
        {
          plugins: [
            { ...asWritten, plugin: 'sentry', onError: 'skip' },
            { ...asWritten, plugin: 'sentry', version: 1 },
          ],
        },
      ]);
      await api.send('PATCH', '/api/v1/plugins/sentry', { name: 'sentinel' });
      expect((await api.get<Settings>(settings)).body.plugins.map(({ plugin: name }) => name)).toEqual(['sentinel', 'sentinel']);
      await api.send('PATCH', '/api/v1/plugins/sentinel', { name: 'sentry' });
    });

    it('change by merge patch, and null takes the plugins away', async () => {
      await api.send('PUT', settings, { plugins: [{ plugin: 'sentry' }] });
      expect(await api.send('PATCH', settings, { plugins: [{ plugin: 'sentry', enabled: false }] })).toMatchObject({
        body: { plugins: [{ enabled: false }] },
      });
      expect(await api.send('PATCH', settings, { plugins: null })).toMatchObject({ status: 200, body: { plugins: [] } });
    });

    it('make a revision and an audit row when they change, and none when nothing does', async () => {
      const before = await revisionOf();
      const changed = await api.send('PUT', settings, { plugins: [{ plugin: 'sentry' }] });
      expect(changed.headers.get('x-config-revision')).toBe(String(before + 1));
      const same = await api.send('PUT', settings, { plugins: [{ plugin: 'sentry', onError: 'fail' }] });
      expect([same.headers.get('x-config-revision'), same.headers.get('etag')]).toEqual([String(before + 1), changed.headers.get('etag')]);
      const { rows } = await torii.database.query('SELECT action, before, after FROM audit WHERE entity_kind = $1 AND revision = $2', [
        'settings',
        before + 1,
      ]);
      expect(rows).toMatchObject([{ action: 'update', before: { plugins: [] }, after: { plugins: [{ plugin: 'sentry' }] } }]);
    });

    it('are not written over what the caller has not read', async () => {
      const etag = (await api.get(settings)).headers.get('etag') ?? '';
      expect(await api.send('PATCH', settings, { plugins: [{ plugin: 'sentry' }] }, { 'if-match': etag })).toMatchObject({ status: 200 });
      for (const method of ['PUT', 'PATCH']) {
        expect(await api.send(method, settings, { plugins: [] }, { 'if-match': etag })).toMatchObject({
          status: 412,
          body: { code: 'client.stale_revision' },
        });
      }
    });

    it('keep their plugins: one that they use, disabled or not, is not deleted and keeps its kind', async () => {
      await api.aPlugin('used-by-all', { kind: 'pre_route' });
      await api.send('PUT', settings, { plugins: [{ plugin: 'used-by-all', enabled: false }] });
      expect(await api.send('DELETE', '/api/v1/plugins/used-by-all')).toMatchObject({
        status: 409,
        body: { detail: expect.stringContaining('the settings') },
      });
      expect(await api.send('PATCH', '/api/v1/plugins/used-by-all', { kind: 'backend' })).toMatchObject({
        status: 409,
        body: { errors: [{ pointer: '/kind' }] },
      });
      await api.send('PUT', settings, {});
      expect(await api.send('DELETE', '/api/v1/plugins/used-by-all')).toMatchObject({ status: 204 });
    });

    it.each<[string, object, object]>([
      ['an unknown field', { plugin: [] }, { pointer: '/plugin', code: 'unknown_field' }],
      ['a slot without a plugin', { plugins: [{}] }, { pointer: '/plugins/0/plugin' }],
      ['too many slots', { plugins: Array.from({ length: 65 }, () => ({ plugin: 'sentry' })) }, { pointer: '/plugins' }],
      [
        'a plugin that is not there',
        { plugins: [{ plugin: 'sentri' }] },
        { pointer: '/plugins/0/plugin', code: 'unknown_reference', detail: expect.stringContaining('"sentry"') },
      ],
      ['a version that is not there', { plugins: [{ plugin: 'sentry', version: 99 }] }, { pointer: '/plugins/0/version', code: 'unknown_reference' }],
      ['a backend', { plugins: [{ plugin: 'backend' }] }, { pointer: '/plugins/0/plugin', detail: expect.stringContaining('target of a route') }],
      ['an expression nodes do not know', { plugins: [{ plugin: 'sentry', include: ['(?=a)'] }] }, { pointer: '/plugins/0/include/0' }],
    ])('refuse %s with 422, and stay as they were', async (_, body, issue) => {
      const before = (await api.get(settings)).headers.get('etag');
      for (const method of ['PUT', 'PATCH']) {
        const answer = await api.send<Problem>(method, settings, body);
        expect(answer.status).toBe(422);
        expect(answer.body.errors).toContainEqual(expect.objectContaining(issue));
      }
      expect((await api.get(settings)).headers.get('etag')).toBe(before);
    });

    it('are for keys with their scopes', async () => {
      const reader = api.withKey(await aKeyWith(torii, 'settings:read'));
      expect(await reader.get(settings)).toMatchObject({ status: 200 });
      expect(await reader.send('PUT', settings, {})).toMatchObject({ status: 403, body: { detail: expect.stringContaining('settings:write') } });
      const writer = api.withKey(await aKeyWith(torii, 'settings:write'));
      expect(await writer.send('PATCH', settings, {})).toMatchObject({ status: 200 });
      expect(await writer.get(settings)).toMatchObject({ status: 403 });
      expect(await api.withKey(undefined).get(settings)).toMatchObject({ status: 401 });
    });
  });

  describe('a router', () => {
    it('stands in the settings, not on a route and not as its target', async () => {
      const { sha256 } = await api.upload(await answeringGuestWith({ find_route: { before: '{}' } }));
      const made = { kind: 'router', source: { kind: 'artifact', sha256 }, functionName: 'find_route' };
      expect(await api.send('PUT', '/api/v1/plugins/chooses', made)).toMatchObject({ status: 201 });
      const target = { kind: 'function', plugin: 'backend' };
      const places = [
        { body: { match: [{}], plugins: [{ plugin: 'chooses' }], target }, pointer: '/plugins/0/plugin', advice: '/api/v1/settings' },
        { body: { match: [{}], target: { kind: 'function', plugin: 'chooses' } }, pointer: '/target/plugin', advice: 'kind backend' },
      ];
      for (const { body, pointer, advice } of places) {
        const errors = [{ pointer, detail: expect.stringContaining(advice) }];
        expect(await api.send('PUT', '/api/v1/routes/r', body)).toMatchObject({ status: 422, body: { errors } });
      }
      expect(await api.send('PUT', settings, { plugins: [{ plugin: 'chooses' }] })).toMatchObject({ status: 200 });
      expect(await api.send('PUT', settings, { plugins: [] })).toMatchObject({ status: 200 });
    });
  });

  describe('a sink', () => {
    it('needs a module that also exports sink_matches, and stands in the settings, not on a route', async () => {
      const plain = await api.aPlugin('plain', { kind: 'pre_route' });
      const refused = await api.send<Problem>('PUT', '/api/v1/plugins/last', {
        kind: 'sink',
        source: { kind: 'artifact', sha256: plain.resolvedSha256 },
        functionName: 'handle',
      });
      expect(refused.body.errors).toMatchObject([{ pointer: '/source', code: 'missing_export', detail: expect.stringContaining('sink_matches') }]);
      const { sha256 } = await api.upload(await answeringGuestWith({ sink_matches: { before: '{}' }, sink_handle: { before: '{}' } }));
      const made = { kind: 'sink', source: { kind: 'artifact', sha256 }, functionName: 'sink_handle' };
      expect(await api.send('PUT', '/api/v1/plugins/last', made)).toMatchObject({ status: 201 });
      const route = { match: [{}], plugins: [{ plugin: 'last' }], target: { kind: 'function', plugin: 'backend' } };
      expect(await api.send('PUT', '/api/v1/routes/r', route)).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/plugins/0/plugin', detail: expect.stringContaining('/api/v1/settings') }] },
      });
      expect(await api.send('PUT', settings, { plugins: [{ plugin: 'last' }] })).toMatchObject({ status: 200 });
    });
  });
}

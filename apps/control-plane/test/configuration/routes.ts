import { beforeAll, describe, expect, it } from '@jest/globals';
import type { List, Plugin, Route } from '@torii/contracts';
import type { ApiClient } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;

const routes = '/api/v1/routes';
const minimal = (name: string) => ({ name, match: [{ hosts: ['Example.COM'] }], target: { kind: 'function', plugin: 'geo' } });

export function describeRoutes(running: () => TestControlPlane): void {
  beforeAll(async () => {
    torii = running();
    api = torii.api;
    await api.aPlugin('geo');
    await api.aPlugin('guard', { kind: 'access_validator' });
  });

  describe('POST /api/v1/routes', () => {
    it('creates a route with every default filled in, hosts in lower case', async () => {
      const { status, headers, body } = await api.send<Route>('POST', routes, minimal('made'));
      expect(status).toBe(201);
      expect(body).toMatchObject({
        name: 'made',
        enabled: true,
        stripPath: true,
        match: [{ hosts: ['example.com'], paths: [], methods: [] }],
        target: { kind: 'function', plugin: 'geo', version: 'latest' },
      });
      expect(headers.get('location')).toBe(`${routes}/${body.id}`);
      expect((await api.get<Route>(`${routes}/made`)).body).toEqual(body);
      expect((await api.get<Route>(`${routes}/${body.id}`)).body).toEqual(body);
    });

    it('refuses a name that is taken with 409', async () => {
      await api.aRoute('taken', 'geo');
      expect(await api.send('POST', routes, minimal('taken'))).toMatchObject({ status: 409, body: { errors: [{ pointer: '/name' }] } });
    });

    it('does the same request with one Idempotency-Key once', async () => {
      const headers = { 'idempotency-key': 'route-1' };
      const first = await api.send<Route>('POST', routes, minimal('once'), headers);
      expect(await api.send<Route>('POST', routes, minimal('once'), headers)).toMatchObject({ status: 201, body: first.body });
      expect(await api.send('POST', routes, minimal('twice'), headers)).toMatchObject({ status: 409 });
    });
  });

  describe('what a route may be', () => {
    it.each<[string, object, object]>([
      ['no match', { match: [] }, { pointer: '/match' }],
      [
        'a path without /',
        { match: [{ paths: [{ type: 'prefix', value: 'search' }] }] },
        { pointer: '/match/0/paths/0/value', detail: expect.stringContaining('/') },
      ],
      ['a host with a scheme', { match: [{ hosts: ['https://x.example'] }] }, { pointer: '/match/0/hosts/0' }],
      ['a host with two stars', { match: [{ hosts: ['*.*.example'] }] }, { pointer: '/match/0/hosts/0' }],
      ['a method with a space', { match: [{ methods: ['GE T'] }] }, { pointer: '/match/0/methods/0' }],
      ['an unknown field deep inside', { match: [{ path: [] }] }, { pointer: '/match/0/path', code: 'unknown_field' }],
      ['a wrong type', { enabled: 'yes' }, { pointer: '/enabled' }],
      [
        'a plugin that is not there',
        { target: { kind: 'function', plugin: 'gio' } },
        { pointer: '/target/plugin', code: 'unknown_reference', detail: expect.stringContaining('"geo"') },
      ],
      [
        'a version that is not there',
        { target: { kind: 'function', plugin: 'geo', version: 9 } },
        { pointer: '/target/version', code: 'unknown_reference' },
      ],
      ['a version that is no version', { target: { kind: 'function', plugin: 'geo', version: 'newest' } }, { pointer: '/target/version' }],
      ['an unknown target', { target: { kind: 'teapot' } }, { pointer: '/target/kind' }],
      ['an upstream that is no URL', { target: { kind: 'upstream', targets: [{ url: 'x.example:80' }] } }, { pointer: '/target/targets/0/url' }],
      [
        'an upstream none of whose targets is used',
        { target: { kind: 'upstream', targets: [{ url: 'https://x.example', weight: 0 }] } },
        { pointer: '/target/targets' },
      ],
      [
        'an upstream path with a parameter that the route does not have',
        { target: { kind: 'upstream', targets: [{ url: 'https://x.example' }], rewritePath: `/\${id}` } },
        { pointer: '/target/rewritePath', detail: expect.stringContaining(`\${id}`) },
      ],
      [
        'an upstream whose authorities are none',
        { target: { kind: 'upstream', targets: [{ url: 'https://x.example' }], tls: { caPem: 'none' } } },
        { pointer: '/target/tls/caPem' },
      ],
      [
        'a backend in a slot',
        { plugins: [{ plugin: 'guard' }, { plugin: 'geo' }] },
        { pointer: '/plugins/1/plugin', detail: expect.stringMatching(/kind backend: make it the target.*access_validator/) },
      ],
      [
        'a plugin of a slot as the target',
        { target: { kind: 'function', plugin: 'guard' } },
        { pointer: '/target/plugin', detail: expect.stringMatching(/kind access_validator: put it among plugins/) },
      ],
      [
        'a slot whose plugin is not there',
        { plugins: [{ plugin: 'gaurd', enabled: false }] },
        { pointer: '/plugins/0/plugin', code: 'unknown_reference' },
      ],
      [
        'a slot whose version is not there',
        { plugins: [{ plugin: 'guard', version: 2 }] },
        { pointer: '/plugins/0/version', code: 'unknown_reference' },
      ],
      [
        'paths of a slot that nodes do not know',
        { plugins: [{ plugin: 'guard', include: ['/a', '(?=a)'], exclude: ['('] }] },
        { pointer: '/plugins/0/include/1', detail: expect.stringContaining('look-around') },
      ],
      ['a slot with too much config', { plugins: [{ plugin: 'guard', config: { a: 'x'.repeat(65_536) } }] }, { pointer: '/plugins/0/config' }],
      ['a priority out of bounds', { priority: 9_000_000 }, { pointer: '/priority' }],
      [
        'an expression that nodes do not know',
        { match: [{ headers: [{ name: 'x', type: 'regex', value: '(?=a)' }], paths: [{ type: 'template', value: '/$id<(a)\\1>' }] }] },
        { pointer: '/match/0/headers/0/value', detail: expect.stringContaining('look-around') },
      ],
      ['a template that names a part twice', { match: [{ paths: [{ type: 'template', value: '/:a/:a' }] }] }, { pointer: '/match/0/paths/0/value' }],
    ])('is refused with %s', async (_, changes, issue) => {
      const { status, body } = await api.send('POST', routes, { ...minimal('never'), ...changes });
      expect(status).toBe(422);
      expect(body).toMatchObject({ code: 'client.invalid', errors: expect.arrayContaining([expect.objectContaining(issue)]) });
      expect(await api.get(`${routes}/never`)).toMatchObject({ status: 404 });
    });

    it('is refused with all that is wrong at once, also what no schema says', async () => {
      const target = { kind: 'upstream', targets: [{ url: 'nowhere' }], rewritePath: `/\${id}`, tls: { caPem: 'none', verify: 'no' } };
      const { status, body } = await api.send('POST', routes, { ...minimal('never'), enabled: 1, target });
      expect([status, body.errors?.map(({ pointer }) => pointer).sort()]).toEqual([
        422,
        ['/enabled', '/target/rewritePath', '/target/targets/0/url', '/target/tls/caPem', '/target/tls/verify'],
      ]);
    });
  });

  describe('routes that take the same requests', () => {
    it('are saved, and the answer says which of them answers and why', async () => {
      const match = [{ hosts: ['twice.example'], paths: [{ type: 'template', value: '/a/:id' }] }];
      const first = await api.send('PUT', `${routes}/twice-b`, { ...minimal('twice-b'), match });
      expect([first.status, first.headers.get('x-torii-warning')]).toEqual([201, null]);
      const second = await api.send('PUT', `${routes}/twice-a`, {
        ...minimal('twice-a'),
        match: [{ ...match[0], paths: [{ type: 'template', value: '/a/:name' }] }],
      });
      expect([second.status, second.headers.get('x-torii-warning')]).toEqual([201, expect.stringMatching(/twice-b: "twice-a" answers them/)]);
      const apart = await api.send('PATCH', `${routes}/twice-a`, { priority: 1 });
      expect([apart.status, apart.headers.get('x-torii-warning')]).toEqual([200, null]);
    });

    it('are told apart by their route matchers, while these run and are not the same', async () => {
      await api.aPlugin('asks', { kind: 'route_matcher' });
      const warningOf = async (name: string, plugins: object[]): Promise<string | null> => {
        const match = [{ hosts: ['matched.example'] }];
        const { status, headers } = await api.send('PUT', `${routes}/${name}`, { ...minimal(name), match, plugins });
        expect([200, 201]).toContain(status);
        return headers.get('x-torii-warning');
      };
      expect(await warningOf('matched-a', [{ plugin: 'asks', config: { group: 'a' } }])).toBeNull();
      expect(await warningOf('matched-b', [{ plugin: 'asks', config: { group: 'b' } }])).toBeNull();
      expect(await warningOf('matched-c', [{ plugin: 'guard' }])).toBeNull();
      expect(await warningOf('matched-b', [{ plugin: 'guard' }, { plugin: 'asks', config: { group: 'a' } }])).toMatch(/matched-a/);
      expect(await warningOf('matched-b', [{ plugin: 'asks', enabled: false }])).toMatch(/matched-c/);
    });
  });

  describe('references to plugins', () => {
    it('take names and ids, and are answered as names that follow a rename', async () => {
      const plugin = await api.aPlugin('before');
      const byId = await api.aRoute('by-id', plugin.id);
      expect(byId.target).toMatchObject({ plugin: 'before' });
      const etag = (await api.get(`${routes}/by-id`)).headers.get('etag');
      await api.send('PATCH', '/api/v1/plugins/before', { name: 'after' });
      const renamed = await api.get<Route>(`${routes}/by-id`);
      expect(renamed.body.target).toMatchObject({ plugin: 'after' });
      expect(renamed.headers.get('etag')).not.toBe(etag);
      // What GET answers can be PUT as it is.
      expect(await api.send('PUT', `${routes}/by-id`, renamed.body)).toMatchObject({ status: 200, body: renamed.body });
    });

    it('take a pinned version', async () => {
      await api.aPlugin('pinned');
      await api.send('PATCH', '/api/v1/plugins/pinned', { description: 'two' });
      const route = await api.aRoute('pins', 'pinned', { target: { kind: 'function', plugin: 'pinned', version: 1 } });
      expect(route.target).toMatchObject({ version: 1 });
    });
  });

  describe('slots', () => {
    it('are answered in their order, with every default filled in and their plugins by name', async () => {
      const guard = await api.get<Plugin>('/api/v1/plugins/guard');
      const plugins = [
        { plugin: guard.body.id, include: ['/admin.*'], config: { role: ['admin'] } },
        { plugin: 'guard', version: 1, onError: 'skip' },
      ];
      const route = await api.aRoute('guarded', 'geo', { plugins });
      const slot = { plugin: 'guard', version: 'latest', enabled: true, include: [], exclude: [], config: {}, onError: 'fail' };
      expect(route.plugins).toEqual([
        { ...slot, include: ['/admin.*'], config: { role: ['admin'] } },
        { ...slot, version: 1, onError: 'skip' },
      ]);
    });

    it('keep their plugin from being deleted, or made one of another kind, until the route lets go of it', async () => {
      await api.aPlugin('held', { kind: 'pre_route' });
      await api.aRoute('holds', 'geo', { plugins: [{ plugin: 'held', enabled: false }] });
      const held = '/api/v1/plugins/held';
      expect(await api.send('DELETE', held)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('holds') } });
      expect(await api.send('PATCH', held, { kind: 'backend' })).toMatchObject({
        status: 409,
        body: { errors: [{ pointer: '/kind', detail: expect.stringContaining('holds') }] },
      });
      expect(await api.send('PATCH', held, { description: 'x' })).toMatchObject({ status: 200 });
      await api.send('PATCH', `${routes}/holds`, { plugins: [] });
      expect(await api.send('PATCH', held, { kind: 'backend' })).toMatchObject({ status: 200, body: { kind: 'backend' } });
      expect(await api.send('DELETE', held)).toMatchObject({ status: 204 });
    });
  });

  describe('PUT, PATCH and DELETE /api/v1/routes/{name}', () => {
    it('upsert, change and delete', async () => {
      const { name: _, ...body } = minimal('life');
      expect(await api.send('PUT', `${routes}/life`, body)).toMatchObject({ status: 201 });
      expect(await api.send('PATCH', `${routes}/life`, { enabled: false, tags: ['a'] })).toMatchObject({
        status: 200,
        body: { enabled: false, tags: ['a'] },
      });
      expect(await api.send('PUT', `${routes}/life`, body)).toMatchObject({ status: 200, body: { enabled: true, tags: [] } });
      expect(await api.send('PUT', `${routes}/life`, { ...body, name: 'after-life' })).toMatchObject({ status: 200, body: { name: 'after-life' } });
      expect(await api.send('DELETE', `${routes}/after-life`)).toMatchObject({ status: 204 });
      expect(await api.send('DELETE', `${routes}/after-life`)).toMatchObject({ status: 404, body: { code: 'client.not_found' } });
      expect(await api.send('PATCH', `${routes}/after-life`, {})).toMatchObject({ status: 404 });
      expect(await api.send('PUT', `${routes}/rt_01900000-0000-7000-8000-000000000000`, body)).toMatchObject({ status: 404 });
    });

    it('refuse a stale If-Match with 412', async () => {
      await api.aRoute('tagged', 'geo');
      const stale = { 'if-match': '"stale"' };
      expect(await api.send('PUT', `${routes}/tagged`, minimal('tagged'), stale)).toMatchObject({ status: 412 });
      expect(await api.send('PATCH', `${routes}/tagged`, {}, stale)).toMatchObject({ status: 412 });
      expect(await api.send('DELETE', `${routes}/tagged`, undefined, stale)).toMatchObject({ status: 412, body: { code: 'client.stale_revision' } });
    });

    it('refuse what patching would break', async () => {
      await api.aRoute('whole', 'geo');
      expect(await api.send('PATCH', `${routes}/whole`, { target: null })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/target' }] } });
      expect(await api.send('PATCH', `${routes}/whole`, { macth: null })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/macth', code: 'unknown_field' }] },
      });
      expect(await api.send('PATCH', `${routes}/whole`, [])).toMatchObject({ status: 422, body: { errors: [{ pointer: '' }] } });
    });
  });

  describe('GET /api/v1/routes', () => {
    it('pages, and finds by text and tag', async () => {
      for (const name of ['list-b', 'list-a', 'list-c']) await api.aRoute(name, 'geo', { tags: ['listed'] });
      const first = await api.get<List<Route>>(`${routes}?tag=listed&limit=2`);
      const second = await api.get<List<Route>>(`${routes}?tag=listed&limit=2&cursor=${first.body.nextCursor}`);
      expect([...first.body.items, ...second.body.items].map(({ name }) => name)).toEqual(['list-a', 'list-b', 'list-c']);
      expect(second.body.nextCursor).toBeNull();
      expect((await api.get<List<Route>>(`${routes}?q=LIST-A`)).body.items.map(({ name }) => name)).toEqual(['list-a']);
    });
  });
}

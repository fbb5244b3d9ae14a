import { beforeAll, describe, expect, it } from '@jest/globals';
import type { FunctionEntity, Plugin, Route } from '@torii/contracts';
import { type ApiClient, aModule, importMapGet } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';
import type { VersionPublisher } from '../support/version-publisher.js';

let torii: TestControlPlane;
let api: ApiClient;
let publisher: VersionPublisher;

const functions = '/api/v1/functions';
const importWasi = '(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))';
const on = { endpoint: { enabled: true } };

async function aFunction(name: string, changes: object = {}): Promise<FunctionEntity> {
  const body = { language: 'wat', files: [{ path: 'main.wat', content: '(module)' }], ...changes };
  const answer = await api.send<FunctionEntity>('PUT', `${functions}/${name}`, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

const patch = (name: string, changes: object) => api.send('PATCH', `${functions}/${name}`, changes);
const pluginOf = (name: string) => api.get<Plugin>(`/api/v1/plugins/${name}`);
const routeOf = (name: string) => api.get<Route>(`/api/v1/routes/fn-${name}`);
const isLive = async (name: string) => [(await pluginOf(name)).status, (await routeOf(name)).status];
const live = [200, 200];
const nothing = [404, 404];

export function describeEndpoint(running: () => TestControlPlane, publishing: () => VersionPublisher): void {
  beforeAll(() => {
    torii = running();
    api = torii.api;
    publisher = publishing();
  });

  describe('the endpoint of a function', () => {
    it('goes live with the first version it follows, by a plugin and a route of its own', async () => {
      const entity = await aFunction('goes-live', { ...on, settings: { isolation: 'fresh', config: { A: '1' }, limits: { cpuMs: 7 } } });
      expect(await isLive('goes-live')).toEqual(nothing);
      expect(await publisher.publish(entity, 'dev', await aModule())).toEqual([]);
      expect(await isLive('goes-live')).toEqual(nothing);
      const followers = await publisher.publish(entity, '1.0.0', await aModule(importWasi));
      const plugin = (await pluginOf('goes-live')).body;
      expect(followers).toEqual([{ pluginId: plugin.id, name: 'goes-live', outcome: 'updated', version: 1 }]);
      expect(plugin).toMatchObject({
        tags: ['function-endpoint'],
        source: { kind: 'function', name: 'goes-live', version: 'latest' },
        functionName: 'handle',
        wasi: true,
        isolation: 'fresh',
        config: { A: '1' },
        limits: { cpuMs: 7 },
      });
      expect((await routeOf('goes-live')).body).toMatchObject({
        enabled: true,
        tags: ['function-endpoint'],
        stripPath: true,
        match: [{ hosts: [], methods: [], paths: [{ type: 'prefix', value: '/fn/goes-live' }] }],
        target: { kind: 'function', plugin: 'goes-live', version: 'latest' },
      });
    });

    it('is switched on for what is built already, in one write, and off again', async () => {
      const entity = await aFunction('switched');
      await publisher.publish(entity, '1.0.0', await aModule());
      const before = Number((await api.get(functions)).headers.get('x-config-revision'));
      const answer = await patch('switched', on);
      expect(answer).toMatchObject({ status: 200 });
      expect(Number(answer.headers.get('x-config-revision'))).toBe(before + 2);
      expect(await isLive('switched')).toEqual(live);
      expect(await patch('switched', { endpoint: { enabled: false } })).toMatchObject({ status: 200 });
      expect(await isLive('switched')).toEqual(nothing);
    });

    it('follows the version that the function says, and goes when there is none such', async () => {
      const entity = await aFunction('chooses', on);
      await publisher.publish(entity, '1.0.0', await aModule('', 'handle'));
      expect(await patch('chooses', { endpoint: { version: 'dev' } })).toMatchObject({ status: 200 });
      expect(await isLive('chooses')).toEqual(nothing);
      const [follower] = await publisher.publish(entity, 'dev', await aModule('', 'other'));
      expect(follower).toMatchObject({ name: 'chooses', outcome: 'updated' });
      expect((await pluginOf('chooses')).body).toMatchObject({ functionName: 'other', source: { version: 'dev' } });
    });

    it('keeps in step with each new version and with the settings', async () => {
      const entity = await aFunction('in-step', on);
      await publisher.publish(entity, '1.0.0', await aModule('', 'first'));
      // Other exports and imports: what was right for the module before is not kept.
      const [follower] = await publisher.publish(entity, '1.1.0', await aModule(importWasi, 'second'));
      expect(follower).toMatchObject({ name: 'in-step', outcome: 'updated', version: 2 });
      expect((await pluginOf('in-step')).body).toMatchObject({ functionName: 'second', wasi: true });
      await patch('in-step', { settings: { limits: { wallMs: 77 } } });
      expect((await pluginOf('in-step')).body).toMatchObject({ version: 3, limits: { wallMs: 77 } });
      await patch('in-step', { description: 'no matter' });
      expect((await pluginOf('in-step')).body).toMatchObject({ version: 3 });
    });

    it('is renamed with the function', async () => {
      const entity = await aFunction('called-a', on);
      await publisher.publish(entity, '1.0.0', await aModule());
      const plugin = (await pluginOf('called-a')).body;
      expect(await patch('called-a', { name: 'called-b' })).toMatchObject({ status: 200 });
      expect(await isLive('called-a')).toEqual(nothing);
      expect((await pluginOf('called-b')).body).toMatchObject({ id: plugin.id, source: { name: 'called-b' } });
      expect((await routeOf('called-b')).body).toMatchObject({ match: [{ paths: [{ value: '/fn/called-b' }] }] });
    });

    it('goes with the function', async () => {
      const entity = await aFunction('goes-too', on);
      await publisher.publish(entity, '1.0.0', await aModule());
      expect(await api.send('DELETE', `${functions}/goes-too/versions/1.0.0`)).toMatchObject({ status: 409 });
      expect(await api.send('DELETE', `${functions}/goes-too`)).toMatchObject({ status: 204 });
      expect(await isLive('goes-too')).toEqual(nothing);
    });

    it('keeps its plugin while routes of others use that, and the function with it', async () => {
      const entity = await aFunction('shared', on);
      await publisher.publish(entity, '1.0.0', await aModule());
      await api.aRoute('borrows', 'shared');
      expect(await api.send('DELETE', `${functions}/shared`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('borrows') } });
      expect(await isLive('shared')).toEqual(live);
      expect(await patch('shared', { endpoint: { enabled: false } })).toMatchObject({ status: 200 });
      expect(await isLive('shared')).toEqual([200, 404]);
      expect(await patch('shared', on)).toMatchObject({ status: 200 });
      expect(await isLive('shared')).toEqual(live);
    });
  });

  describe('the plugin and the route of an endpoint', () => {
    it('stay off while an operator has switched the route off, whatever is built', async () => {
      const entity = await aFunction('held-back', on);
      await publisher.publish(entity, '1.0.0', await aModule());
      await api.send('PATCH', '/api/v1/routes/fn-held-back', { enabled: false });
      await publisher.publish(entity, '1.0.1', await aModule('', 'other'));
      expect((await routeOf('held-back')).body).toMatchObject({ enabled: false });
      expect((await pluginOf('held-back')).body).toMatchObject({ version: 2, functionName: 'other' });
    });

    it('keep what an operator has added to the route, through builds, settings and a new name', async () => {
      const entity = await aFunction('guarded', on);
      await publisher.publish(entity, '1.0.0', await aModule());
      await api.aPlugin('guard', { kind: 'access_validator' });
      const added = { plugins: [{ plugin: 'guard' }], match: [{ hosts: ['inside.example'], paths: [{ type: 'prefix', value: '/fn/guarded' }] }] };
      const changed = await api.send<Route>('PATCH', '/api/v1/routes/fn-guarded', added);
      expect(changed).toMatchObject({ status: 200, body: { plugins: [{ plugin: 'guard' }] } });
      await publisher.publish(entity, '1.0.1', await aModule('', 'other'));
      expect(await patch('guarded', { settings: { limits: { wallMs: 77 } } })).toMatchObject({ status: 200 });
      expect((await pluginOf('guarded')).body).toMatchObject({ version: 3 });
      expect((await routeOf('guarded')).body).toEqual(changed.body);
      expect(await patch('guarded', { name: 'guarded-still' })).toMatchObject({ status: 200 });
      expect(await isLive('guarded')).toEqual(nothing);
      expect((await routeOf('guarded-still')).body).toEqual({
        ...changed.body,
        name: 'fn-guarded-still',
        match: [{ ...changed.body.match[0], paths: [{ type: 'prefix', value: '/fn/guarded-still' }] }],
        target: { kind: 'function', plugin: 'guarded-still', version: 'latest' },
        updatedAt: expect.any(String),
      });
    });

    it('go on with the builds they followed where routes of others keep the plugin', async () => {
      const entity = await aFunction('left-behind', { endpoint: { enabled: true, version: 'dev' } });
      await publisher.publish(entity, 'dev', await aModule());
      await api.aRoute('keeps', 'left-behind');
      expect(await patch('left-behind', { endpoint: { version: 'latest' } })).toMatchObject({ status: 200 });
      expect(await isLive('left-behind')).toEqual([200, 404]);
      const followers = await publisher.publish(entity, 'dev', await aModule('(func (export "more"))'));
      expect(followers).toEqual([expect.objectContaining({ name: 'left-behind', outcome: 'updated', version: 2 })]);
    });
  });

  describe('what stands in the way of an endpoint', () => {
    it('is a kind that answers no requests: 422 at the settings', async () => {
      const entity = await aFunction('of-a-kind', { settings: { kind: 'access_validator' } });
      await publisher.publish(entity, '1.0.0', await aModule());
      expect(await patch('of-a-kind', on)).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/settings/kind', detail: expect.stringContaining('only a backend') }] },
      });
    });

    it.each([
      ['plugin', 'plugin-name'],
      ['route', 'route-name'],
    ])('is a %s of that name which is not its own: 409, and nothing changes', async (kind, name) => {
      const entity = await aFunction(name);
      await publisher.publish(entity, '1.0.0', await aModule());
      if (kind === 'plugin') await api.aPlugin(name);
      else await api.aRoute(`fn-${name}`, (await api.aPlugin('bystander')).name);
      const refused = await patch(name, on);
      expect(refused).toMatchObject({ status: 409, body: { errors: [{ pointer: '/endpoint/enabled', detail: expect.stringContaining(kind) }] } });
      expect((await api.get<FunctionEntity>(`${functions}/${name}`)).body.endpoint.enabled).toBe(false);
      expect(await isLive(name)).toEqual(kind === 'plugin' ? [200, 404] : [404, 200]);
    });

    it('is a grant that its settings lack: 422 at the settings', async () => {
      const entity = await aFunction('ungranted');
      await publisher.publish(entity, '1.0.0', await aModule(importMapGet));
      expect(await patch('ungranted', on)).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/settings/hostFunctions', code: 'missing_grant' }] },
      });
      expect(await patch('ungranted', { ...on, settings: { hostFunctions: ['plugin_map:read'] } })).toMatchObject({ status: 200 });
      expect(await isLive('ungranted')).toEqual(live);
    });

    it('is a choice of functions that nobody has made: 422 that names them', async () => {
      const entity = await aFunction('undecided');
      await publisher.publish(entity, '1.0.0', await aModule('(func (export "a")) (func (export "_initialize"))', 'b'));
      expect(await patch('undecided', on)).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/settings/functionName', detail: expect.stringContaining('a, b') }] },
      });
      expect(await patch('undecided', { ...on, settings: { functionName: 'b' } })).toMatchObject({ status: 200 });
      expect((await pluginOf('undecided')).body).toMatchObject({ functionName: 'b' });
    });

    it('never stands in the way of a build, which tells of it', async () => {
      const entity = await aFunction('told', on);
      const [first] = await publisher.publish(entity, '1.0.0', await aModule(importMapGet));
      expect(first).toEqual({ name: 'told', outcome: 'refused', detail: expect.stringContaining('plugin_map:read') });
      expect(await isLive('told')).toEqual(nothing);
      await publisher.publish(entity, '1.0.1', await aModule());
      expect(await isLive('told')).toEqual(live);
      const plugin = (await pluginOf('told')).body;
      const [third] = await publisher.publish(entity, '1.0.2', await aModule(importMapGet, 'other'));
      expect(third).toEqual({ pluginId: plugin.id, name: 'told', outcome: 'refused', detail: expect.stringContaining('plugin_map:read') });
      expect((await pluginOf('told')).body).toEqual(plugin);
    });

    it('never stands in the way of new sources', async () => {
      const entity = await aFunction('edited', on);
      await publisher.publish(entity, '1.0.0', await aModule());
      await api.send('DELETE', '/api/v1/routes/fn-edited');
      await api.aRoute('fn-edited', 'edited');
      expect(await api.send('PUT', `${functions}/edited/files/a`, 'x', { 'content-type': 'text/plain' })).toMatchObject({ status: 201 });
      expect(await patch('edited', { endpoint: { version: 'dev' } })).toMatchObject({ status: 409 });
    });
  });
}

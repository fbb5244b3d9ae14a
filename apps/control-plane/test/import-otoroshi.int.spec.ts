import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 as sha256Of } from '@torii/config-sync';
import type { List, Plugin, Route } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import type { ImportReport } from '../src/import-otoroshi/report.js';
import { describeGlobalPlugins } from './import-otoroshi/global-plugins.js';
import { aKeyWith } from './support/admin-key.js';
import { type ApiClient, aModule, importMapGet } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';
import { aFileRoute, aFileSlot } from './support/otoroshi-file.js';

let torii: TestControlPlane;
let api: ApiClient;
/** A module that exports `handle`, and reads its map. */
let sha256: string;

beforeAll(async () => {
  torii = await startControlPlane();
  api = torii.api;
  ({ sha256 } = await api.upload(await aModule(importMapGet)));
});
afterAll(() => torii?.close());

const path = '/api/v1/import/otoroshi';
const send = (body: unknown, query = '') => api.send<ImportReport>('POST', `${path}?module=a.wasm=${sha256}${query}`, body);

/** A configuration that runs. */
const wasm = (changes: object = {}) => ({
  source: { kind: 'wasmo', path: 'a.wasm', opts: {} },
  functionName: 'handle',
  authorizations: { pluginMapAccess: { read: true, write: false } },
  ...changes,
});
const aRoute = (name: string, plugins: object[] = [], changes: object = {}) =>
  aFileRoute({
    id: `route_${name}`,
    name,
    backend: null,
    frontend: { domains: [`${name}.example`] },
    plugins: [aFileSlot('WasmBackend', wasm()), ...plugins],
    ...changes,
  });

async function counts(): Promise<unknown> {
  const { rows } = await torii.database.query(
    `SELECT (SELECT count(*) FROM plugins) AS plugins, (SELECT count(*) FROM routes) AS routes, (SELECT count(*) FROM artifacts) AS artifacts,
      (SELECT count(*) FROM audit) AS audit, (SELECT max(revision) FROM config_state) AS revision`,
  );
  return rows[0];
}

describe('an import', () => {
  it('makes plugins and routes, and changes nothing when it is done again', async () => {
    const body = aRoute('twice', [aFileSlot('WasmPreRoute', wasm(), { include: ['/a'] })]);
    const first = await send(body);
    expect(first.body).toEqual({
      dryRun: false,
      entities: [
        { kind: 'plugin', name: 'twice-pre-route', action: 'created', pointer: '/plugins/1/config' },
        { kind: 'plugin', name: 'twice-backend', action: 'created', pointer: '/plugins/0/config' },
        { kind: 'route', name: 'twice', action: 'created', pointer: '', enabled: true },
      ],
      items: [],
      itemsLeftOff: 0,
      counts: { lost: 0, changed: 0, ignored: 0 },
    });
    expect(await api.get<Plugin>('/api/v1/plugins/twice-backend')).toMatchObject({
      body: {
        version: 1,
        source: { kind: 'artifact', sha256 },
        functionName: 'handle',
        hostFunctions: ['plugin_map:read'],
        tags: expect.arrayContaining(['otoroshi']),
      },
    });
    expect(await api.get<Route>('/api/v1/routes/twice')).toMatchObject({
      body: {
        match: [{ hosts: ['twice.example'] }],
        plugins: [{ plugin: 'twice-pre-route', include: ['/a'] }],
        target: { kind: 'function', plugin: 'twice-backend' },
      },
    });

    const before = await counts();
    const second = await send(body);
    expect(second.body.entities.map(({ action }) => action)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(second.headers.get('x-config-revision')).toBe(first.headers.get('x-config-revision'));
    expect(await counts()).toEqual(before);

    const third = await send(aRoute('twice', [], { name: 'renamed', frontend: { domains: ['other.example'] } }));
    expect(third.body.entities).toMatchObject([
      { name: 'twice-backend', action: 'updated' },
      { name: 'twice', action: 'updated' },
    ]);
    expect((await api.get<Route>('/api/v1/routes/twice')).body).toMatchObject({ match: [{ hosts: ['other.example'] }], plugins: [] });
  });

  it('is done once for an Idempotency-Key, which stands for its options too', async () => {
    const body = aRoute('once', [aFileSlot('ApikeyCalls')]);
    const withKey = (query: string) => api.send<ImportReport>('POST', `${path}?module=a.wasm=${sha256}${query}`, body, { 'idempotency-key': 'once' });
    const first = await withKey('');
    expect(first.body.entities.at(-1)).toMatchObject({ name: 'once', action: 'created', enabled: false });
    expect(await withKey('&wait=applied&timeout=1ms')).toMatchObject({ status: 200, body: first.body });
    expect(await withKey('&incomplete=enabled')).toMatchObject({ status: 409, body: { code: 'client.conflict' } });
    expect(await withKey('&dryRun=true')).toMatchObject({ status: 409, body: { code: 'client.conflict' } });
    expect((await api.get<Route>('/api/v1/routes/once')).body.enabled).toBe(false);
  });

  it('writes nothing when it is a dry run, and reports what it would do all the same', async () => {
    const bytes = Buffer.from(await aModule('', 'only_here')).toString('base64');
    const body = [aRoute('dry'), aRoute('dry-inline', [], { plugins: [aFileSlot('WasmBackend', { raw_source: bytes, functionName: 'only_here' })] })];
    const before = await counts();
    const dry = await send(body, '&dryRun=true');
    expect(dry).toMatchObject({ status: 200, body: { dryRun: true, counts: { lost: 0 } } });
    expect(await counts()).toEqual(before);

    const { body: real } = await send(body);
    expect({ ...real, dryRun: true }).toEqual(dry.body);
    expect((await send(body, '&dryRun=true')).body.entities.map(({ action }) => action)).toEqual(Array(4).fill('unchanged'));
  });

  it.each(['', '&dryRun=true'])('stores modules in an order of their own, so that two that share some do not block each other: %j', async (query) => {
    const modules = await Promise.all(
      ['one', 'two', 'three'].map(async (name) => {
        const functionName = `${name}_of${query.length}`;
        const bytes = await aModule('', functionName);
        return { sha256: sha256Of(bytes), slot: aFileSlot('WasmBackend', { raw_source: Buffer.from(bytes).toString('base64'), functionName }) };
      }),
    );
    modules.sort((one, next) => (one.sha256 < next.sha256 ? 1 : -1));
    const body = modules.map(({ slot }, index) => aRoute(`shared-${query.length}-${index}`, [], { plugins: [slot] }));
    const other = await torii.database.connect();
    const insert = (hash: unknown) =>
      other.query("INSERT INTO artifacts (sha256, size, description, created_at) VALUES ($1, 1, '{}', now()) ON CONFLICT DO NOTHING", [hash]);
    try {
      await other.query('BEGIN');
      await insert(modules.at(-1)?.sha256);
      const importing = send(body, query);
      await eventually(async () => {
        const { rows } = await torii.database.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()");
        expect(rows).toHaveLength(1);
      });
      await insert(modules[0]?.sha256);
      await other.query('ROLLBACK');
      expect(await importing).toMatchObject({ status: 200 });
    } finally {
      other.release();
    }
  });

  it('is refused as a whole where it would replace what was made by hand, unless it is told to', async () => {
    await api.aPlugin('by-hand');
    await api.aRoute('by-hand', 'by-hand');
    const body = [aRoute('not-made'), aRoute('by-hand')];
    expect(await send(body)).toMatchObject({
      status: 409,
      body: { code: 'client.conflict', errors: [{ pointer: '/1', detail: expect.stringContaining('by-hand') }] },
    });
    expect(await api.get('/api/v1/routes/not-made')).toMatchObject({ status: 404 });

    const dry = await send(body, '&dryRun=true');
    expect(dry.body.entities.find(({ pointer, kind }) => pointer === '/1' && kind === 'route')).toMatchObject({ action: 'conflict' });

    expect((await send(body, '&overwrite=true')).body.entities.map(({ action }) => action)).toEqual(['created', 'created', 'created', 'updated']);
    expect((await api.get<Route>('/api/v1/routes/by-hand')).body.target).toMatchObject({ plugin: 'by-hand-backend' });
    expect((await send(body)).body.entities.map(({ action }) => action)).toEqual(Array(4).fill('unchanged'));
  });

  it('switches a route off that has lost something, or whose guard has, unless it is told not to', async () => {
    const body = aRoute('open', [aFileSlot('ApikeyCalls')]);
    const { body: report } = await send(body);
    expect(report.entities.at(-1)).toMatchObject({ name: 'open', action: 'created', enabled: false });
    expect(report.items).toMatchObject([
      { severity: 'lost', pointer: '/plugins/1', instead: expect.stringContaining('access_validator') },
      { severity: 'changed', what: 'enabled' },
    ]);
    expect((await api.get<Route>('/api/v1/routes/open')).body.enabled).toBe(false);
    expect((await send(body, '&incomplete=enabled')).body.entities.at(-1)).toMatchObject({ action: 'updated', enabled: true });

    const guard = (changes: object) => aFileSlot('WasmAccessValidator', wasm({ config: { limit: 3 } }), changes);
    expect((await send(aRoute('blunt', [guard({})]))).body.entities.at(-1)).toMatchObject({ name: 'blunt', enabled: false });
    expect((await send(aRoute('blunt', [guard({ enabled: false })]))).body.entities.at(-1)).toMatchObject({ name: 'blunt', enabled: true });
  });

  it('leaves out what the rules of plugins and routes refuse, says why by the place in the file, and goes on', async () => {
    const { body } = await send({
      routes: [
        aRoute('no-grant', [], { plugins: [aFileSlot('WasmBackend', wasm({ authorizations: {} }))] }),
        aRoute('no-function', [aFileSlot('WasmPreRoute', wasm({ functionName: 'handel' }))]),
        aRoute('look-around', [], { frontend: { domains: ['a.example'], headers: { 'x-a': 'Regex((?=a))' } } }),
        aRoute('not-wasm', [], { plugins: [aFileSlot('WasmBackend', { raw_source: 'base64://AAAA' })] }),
        aRoute('no-such-function', [], { plugins: [aFileSlot('WasmBackend', { compiler_source: 'faas-1.0.0-dev.wasm' })] }),
        aRoute('well'),
      ],
    });
    const lost = body.items.filter(({ severity }) => severity === 'lost');
    expect(Object.fromEntries(lost.map(({ pointer, why, instead }) => [pointer, `${why} ${instead}`]))).toMatchObject({
      '/routes/0/plugins/0/config/authorizations': expect.stringContaining('"plugin_map:read"'),
      '/routes/1/plugins/1/config/functionName': expect.stringContaining('did you mean "handle"'),
      '/routes/2/frontend/headers/x-a': expect.stringContaining('look-around'),
      '/routes/3/plugins/0/config/raw_source': expect.stringContaining('WebAssembly'),
      '/routes/4/plugins/0/config/compiler_source': expect.stringContaining('?module=faas-1.0.0-dev.wasm='),
    });
    const routes = body.entities.filter(({ kind }) => kind === 'route');
    expect(routes.map(({ name, action, enabled }) => [name, action, enabled])).toEqual([
      ['no-grant', 'skipped', undefined],
      ['no-function', 'created', false],
      ['look-around', 'skipped', undefined],
      ['not-wasm', 'skipped', undefined],
      ['no-such-function', 'skipped', undefined],
      ['well', 'created', true],
    ]);
  });

  it('gives routes of one name names of their own, which they keep', async () => {
    const same = (id: string) => aRoute('same', [], { id, frontend: { domains: [`${id}.example`] } });
    const names = ({ entities }: ImportReport) => entities.filter(({ kind }) => kind === 'route').map(({ name }) => name);
    const first = names((await send([same('one'), same('two')])).body);
    expect(first).toEqual(['same', expect.stringMatching(/^same-[0-9a-f]{8}$/)]);
    expect(names((await send([same('two')])).body)).toEqual(first.slice(1));
  });

  it('says which routes take the same requests', async () => {
    const clash = (name: string) => aRoute(name, [], { frontend: { domains: ['clash.example'] } });
    const { body } = await send([clash('clash-a'), clash('clash-b')]);
    expect(body.items).toMatchObject([
      { severity: 'changed', pointer: '/0', why: expect.stringContaining('clash-b') },
      { severity: 'changed', pointer: '/1', why: expect.stringContaining('clash-a') },
    ]);
    const { body: again } = await send([clash('clash-c')]);
    expect(again.items).toMatchObject([{ pointer: '/0', why: expect.stringContaining('clash-a, clash-b:') }]);
  });
});

describe('an export', () => {
  it('comes along with all its entities, and a word about each that does not', async () => {
    const entity = { id: 'wasm-plugin_e', name: 'Shared', steps: ['ValidateAccess'], config: wasm({ functionName: null }), metadata: { a: 'b' } };
    const guard = aFileSlot('WasmAccessValidator', { source: { kind: 'local', path: 'wasm-plugin_e' }, functionName: 'handle' });
    const { status, body } = await send({
      label: 'Otoroshi export',
      stats: { calls: 4 },
      config: { plugins: { enabled: true, config: { ng: { slots: [aFileSlot('WasmJob', wasm(), { enabled: false })] } } } },
      apiKeys: [{ clientId: 'c' }, { clientId: 'd' }],
      serviceDescriptors: [],
      wasmPlugins: [entity],
      routes: [
        aRoute('exported-a', [guard]),
        aRoute('exported-b', [], { plugins: { slots: [guard, aFileSlot('StaticResponse', { status: 418, body: 'tea' })] } }),
        aRoute('exported-c', [], { plugins: [aFileSlot('Redirection', { code: 308, to: '/elsewhere' })], _loc: { tenant: 'other' } }),
        { name: 'no id', frontend: {} },
        { frontend: {} },
        7,
      ],
    });
    expect(status).toBe(200);
    expect(body.items.map(({ severity, pointer }) => `${severity} ${pointer}`).sort()).toEqual(
      [
        'ignored /config',
        'ignored /routes/2/_loc',
        'ignored /stats',
        'ignored /wasmPlugins/0/metadata',
        'ignored /label',
        'lost /apiKeys',
        'ignored /config/plugins/config/ng/slots/0',
        'lost /routes/3',
        'lost /routes/3/frontend',
        'lost /routes/4',
        'lost /routes/5',
      ].sort(),
    );
    expect(body.entities.map(({ kind, name, action }) => `${action} ${kind} ${name}`)).toEqual([
      'created plugin shared-access-validator-handle',
      'created plugin exported-a-backend',
      'created route exported-a',
      'created route exported-b',
      'created route exported-c',
      'skipped route no-id',
    ]);
    const { body: made } = await api.get<List<Route>>('/api/v1/routes?tag=otoroshi&q=exported');
    expect(made.items.map(({ target }) => target)).toMatchObject([
      { kind: 'function' },
      { kind: 'static', status: 418, body: 'tea' },
      { kind: 'redirect', status: 308, url: '/elsewhere' },
    ]);
  });
});

describe('what is no import', () => {
  it.each<[string, unknown]>([
    ['nothing', null],
    ['a number', 7],
    ['some object', { hello: 'world' }],
    ['an export without routes', { apiKeys: [] }],
  ])('is refused: %s', async (_, body) => {
    expect(await send(body)).toMatchObject({ status: 422, body: { code: 'client.invalid', errors: [{ pointer: '' }] } });
  });

  it('is refused for what it holds too much of, and for a query that means nothing', async () => {
    expect(await send(Array(1_001).fill({ id: 'r', frontend: {} }))).toMatchObject({
      status: 422,
      body: { errors: [{ detail: expect.stringContaining('1001 routes') }] },
    });
    for (const query of ['&dryRun=yes', '&module=a.wasm', '&dry=true', '&compat=kong']) expect(await send([], query)).toMatchObject({ status: 422 });
    expect(await send([], `&module=b.wasm=${sha256}`)).toMatchObject({ status: 200, body: { entities: [], items: [] } });
    expect(await api.send('POST', path, '')).toMatchObject({ status: 400 });
    expect(await api.send('POST', path, '{', { 'content-type': 'application/json' })).toMatchObject({ status: 400 });
  });

  it('is refused to a key that may not write both plugins and routes', async () => {
    for (const scope of ['routes:write', 'plugins:write'] as const) {
      const key = await aKeyWith(torii, scope);
      expect(await api.withKey(key).send('POST', path, [])).toMatchObject({ status: 403 });
    }
  });
});

// On the same control plane, with plugins and routes of other names.
describe('the settings of an import', () => describeGlobalPlugins(() => torii));

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { List, Plugin } from '@torii/contracts';
import { compileWat } from '@torii/test-kit';
import { describeRoutes } from './configuration/routes.js';
import { describeSettings } from './configuration/settings.js';
import { describeWrites } from './configuration/writes.js';
import { type ApiClient, aModule, importMapGet } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;
let sha256: string;

beforeAll(async () => {
  torii = await startControlPlane();
  api = torii.api;
  sha256 = (await api.upload(await aModule())).sha256;
});
afterAll(() => torii?.close());

const plugins = '/api/v1/plugins';
const minimal = (name: string) => ({ name, source: { kind: 'artifact', sha256 }, functionName: 'handle' });

describe('POST /api/v1/plugins', () => {
  it('creates version 1 with every default filled in', async () => {
    const { status, headers, body } = await api.send<Plugin>('POST', plugins, minimal('made'));
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'made', version: 1, resolvedSha256: sha256, kind: 'backend', isolation: 'reuse', limits: { cpuMs: 50 } });
    expect(body.id).toMatch(/^pl_/);
    expect(headers.get('location')).toBe(`${plugins}/${body.id}`);
    expect(headers.get('etag')).toMatch(/^"[0-9a-f]{64}"$/);
    expect(Number(headers.get('x-config-revision'))).toBeGreaterThan(0);
    expect(headers.get('x-request-id')).toMatch(/^rq_/);
    expect((await api.get<Plugin>(`${plugins}/made`)).body).toEqual(body);
    expect((await api.get<Plugin>(`${plugins}/${body.id}`)).body).toEqual(body);
  });

  it('refuses a name that is taken with 409', async () => {
    await api.aPlugin('taken');
    expect(await api.send('POST', plugins, minimal('taken'))).toMatchObject({
      status: 409,
      body: { code: 'client.conflict', errors: [{ pointer: '/name' }] },
    });
  });

  it('does the same request with one Idempotency-Key once', async () => {
    const key = { 'idempotency-key': 'try-1' };
    const first = await api.send<Plugin>('POST', plugins, minimal('once'), key);
    const again = await api.send<Plugin>('POST', plugins, minimal('once'), key);
    expect(first.status).toBe(201);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(await api.send('POST', plugins, minimal('other'), key)).toMatchObject({ status: 409, body: { code: 'client.conflict' } });
    expect(await api.get(`${plugins}/other`)).toMatchObject({ status: 404 });
  });

  it('creates one plugin when the same request with one Idempotency-Key is sent many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => api.send<Plugin>('POST', plugins, minimal('at-once'), { 'idempotency-key': 'k' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  });

  it('takes a module in base64 and answers it as an artifact', async () => {
    const bytes = await aModule('', 'inline');
    const body = { ...minimal('inline'), functionName: 'inline', source: { kind: 'base64', data: Buffer.from(bytes).toString('base64') } };
    const created = await api.send<Plugin>('POST', plugins, body);
    expect(created).toMatchObject({ status: 201, body: { source: { kind: 'artifact', sha256: created.body.resolvedSha256 } } });
    expect(await api.get(`/api/v1/artifacts/${created.body.resolvedSha256}`)).toMatchObject({ status: 200, body: { size: bytes.length } });
  });

  it('refuses base64 that is no module at /source/data', async () => {
    const body = { ...minimal('inline-text'), source: { kind: 'base64', data: Buffer.from('not wasm').toString('base64') } };
    expect(await api.send('POST', plugins, body)).toMatchObject({ status: 422, body: { errors: [{ pointer: '/source/data' }] } });
    expect(await api.get(`${plugins}/inline-text`)).toMatchObject({ status: 404 });
  });
});

describe('what a plugin may be', () => {
  it.each<[string, object, object]>([
    ['an unknown field', { nmae: 'x' }, { pointer: '/nmae', code: 'unknown_field' }],
    ['a wrong type', { wasi: 'yes' }, { pointer: '/wasi' }],
    ['a name with capitals', { name: 'Geo' }, { pointer: '/name' }],
    ['a name of 64 letters', { name: 'a'.repeat(64) }, { pointer: '/name' }],
    ['a limit out of range', { limits: { cpuMs: 0 } }, { pointer: '/limits/cpuMs' }],
    ['an unknown limit', { limits: { cpu: 1 } }, { pointer: '/limits/cpu', code: 'unknown_field' }],
    ['an allowed host with a path', { allowedHosts: ['api.example.com/x'] }, { pointer: '/allowedHosts/0' }],
    ['an unknown grant', { hostFunctions: ['plugin_map:delete'] }, { pointer: '/hostFunctions/0' }],
    [
      'an artifact that is not there',
      { source: { kind: 'artifact', sha256: 'b'.repeat(64) } },
      { pointer: '/source/sha256', code: 'unknown_reference' },
    ],
    ['an id', { id: 'pl_01900000-0000-7000-8000-000000000000' }, { pointer: '/id' }],
    ['a kind that is not there yet', { kind: 'job' }, { pointer: '/kind', code: 'not_available' }],
    [
      'a source that is not there yet',
      { source: { kind: 'http', url: 'https://example.com/x.wasm' } },
      { pointer: '/source/kind', code: 'not_available' },
    ],
    ['a grant of an access there is not', { hostFunctions: [{ name: 'state', access: ['write'] }] }, { pointer: '/hostFunctions/0/access/0' }],
    ['a limit of what is no store', { hostFunctions: [{ name: 'config', access: ['read'], maxKeys: 1 }] }, { pointer: '/hostFunctions/0/maxKeys' }],
    ['a function the module does not export', { functionName: 'handel' }, { pointer: '/functionName', code: 'missing_export' }],
  ])('is refused with %s', async (_, changes, issue) => {
    const { status, headers, body } = await api.send('POST', plugins, { ...minimal('never'), ...changes });
    expect(status).toBe(422);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ code: 'client.invalid', status: 422, errors: expect.arrayContaining([expect.objectContaining(issue)]) });
    expect(await api.get(`${plugins}/never`)).toMatchObject({ status: 404 });
  });

  it('is refused when its module needs a grant, and accepted with the grant the refusal names', async () => {
    const artifact = await api.upload(await aModule(importMapGet));
    const body = { ...minimal('granted'), source: { kind: 'artifact', sha256: artifact.sha256 } };
    expect(await api.send('POST', plugins, body)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/hostFunctions', code: 'missing_grant', detail: expect.stringContaining('add "plugin_map:read"') }] },
    });
    expect(await api.send('POST', plugins, { ...body, hostFunctions: ['plugin_map:read'] })).toMatchObject({ status: 201 });
  });

  it('is refused when its module imports what nobody serves', async () => {
    const artifact = await api.upload(await aModule('(import "env" "launch_rockets" (func (param i32)))'));
    expect(await api.send('POST', plugins, { ...minimal('rockets'), source: { kind: 'artifact', sha256: artifact.sha256 } })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/source', code: 'unknown_import', detail: expect.stringContaining('env.launch_rockets') }] },
    });
  });

  it('is refused when a node could not prepare its module, so that one plugin never holds up the changes of all', async () => {
    const many = await api.upload(await compileWat('(module (memory 1) (memory 1) (func (export "handle")))'));
    const large = await api.upload(await compileWat('(module (memory (export "memory") 32) (func (export "handle")))'));
    const plugin = { ...minimal('heavy'), limits: { memoryMaxBytes: 1024 * 1024 } };
    expect(await api.send('POST', plugins, { ...plugin, source: { kind: 'artifact', sha256: many.sha256 } })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/source', detail: expect.stringContaining('multiple memories') }] },
    });
    expect(await api.send('POST', plugins, { ...plugin, source: { kind: 'artifact', sha256: large.sha256 } })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/limits/memoryMaxBytes', detail: expect.stringContaining('2097152 bytes') }] },
    });
  });
});

describe('PUT /api/v1/plugins/{name}', () => {
  it('creates by the name in the path, then replaces with a new version', async () => {
    const { name: _, ...body } = minimal('upsert');
    const created = await api.send<Plugin>('PUT', `${plugins}/upsert`, body);
    expect(created).toMatchObject({ status: 201, body: { name: 'upsert', version: 1 } });
    const replaced = await api.send<Plugin>('PUT', `${plugins}/upsert`, { ...body, description: 'two' });
    expect(replaced).toMatchObject({ status: 200, body: { id: created.body.id, version: 2, description: 'two', createdAt: created.body.createdAt } });
    // Fields left out take their defaults again.
    expect(await api.send('PUT', `${plugins}/${created.body.id}`, body)).toMatchObject({ status: 200, body: { version: 3, description: '' } });
  });

  it('makes no version and no revision when nothing changes', async () => {
    const plugin = await api.aPlugin('same');
    const revision = (await api.get(`${plugins}/same`)).headers.get('x-config-revision');
    const again = await api.send<Plugin>('PUT', `${plugins}/same`, plugin);
    expect(again).toMatchObject({ status: 200, body: plugin });
    expect(again.headers.get('x-config-revision')).toBe(revision);
  });

  it('renames when the body has another name, and keeps the id', async () => {
    const plugin = await api.aPlugin('old-name');
    const { status, body } = await api.send<Plugin>('PUT', `${plugins}/old-name`, { ...minimal('new-name') });
    expect({ status, id: body.id, name: body.name }).toEqual({ status: 200, id: plugin.id, name: 'new-name' });
    expect(await api.get(`${plugins}/old-name`)).toMatchObject({ status: 404 });
    await api.aPlugin('blocker');
    expect(await api.send('PUT', `${plugins}/new-name`, minimal('blocker'))).toMatchObject({ status: 409 });
  });

  it('answers 404 for an id that does not exist, and 422 for a new plugin whose body has another name', async () => {
    expect(await api.send('PUT', `${plugins}/pl_01900000-0000-7000-8000-000000000000`, minimal('x'))).toMatchObject({ status: 404 });
    expect(await api.send('PUT', `${plugins}/one-name`, minimal('another'))).toMatchObject({ status: 422, body: { errors: [{ pointer: '/name' }] } });
  });

  it('refuses a stale If-Match with 412, and a create when If-None-Match is * and the plugin exists', async () => {
    const stale = (await api.send<Plugin>('PUT', `${plugins}/tagged`, minimal('tagged'))).headers.get('etag') ?? '';
    const fresh = (await api.send<Plugin>('PUT', `${plugins}/tagged`, { ...minimal('tagged'), description: 'x' }, { 'if-match': stale })).headers.get(
      'etag',
    );
    const refused = await api.send('PUT', `${plugins}/tagged`, minimal('tagged'), { 'if-match': stale });
    expect(refused).toMatchObject({ status: 412, body: { code: 'client.stale_revision' } });
    expect(refused.headers.get('etag')).toBe(fresh);
    expect(await api.send('PUT', `${plugins}/tagged`, minimal('tagged'), { 'if-none-match': '*' })).toMatchObject({ status: 412 });
    expect(await api.send('PUT', `${plugins}/brand-new`, minimal('brand-new'), { 'if-match': '*' })).toMatchObject({ status: 412 });
    expect(await api.send('PUT', `${plugins}/brand-new`, minimal('brand-new'), { 'if-none-match': '*' })).toMatchObject({ status: 201 });
  });
});

describe('PATCH /api/v1/plugins/{name}', () => {
  it('changes what the merge patch names, and takes null back to the default', async () => {
    await api.aPlugin('patched', { description: 'before', config: { A: '1', B: '2' } });
    const patch = { limits: { cpuMs: 7 }, description: null, config: { A: null, C: '3' } };
    const { status, body } = await api.send<Plugin>('PATCH', `${plugins}/patched`, patch, { 'content-type': 'application/merge-patch+json' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ version: 2, description: '', config: { B: '2', C: '3' }, limits: { cpuMs: 7, wallMs: 5_000 } });
    expect(body.config).not.toHaveProperty('A');
  });

  it('checks the whole plugin again', async () => {
    await api.aPlugin('patched-badly');
    expect(await api.send('PATCH', `${plugins}/patched-badly`, { functionName: null })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/functionName' }] },
    });
    expect(await api.send('PATCH', `${plugins}/patched-badly`, { functionName: 'nope' })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'missing_export' }] },
    });
    expect(await api.send('PATCH', `${plugins}/patched-badly`, { version: 7 })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/version' }] },
    });
    expect(await api.send('PATCH', `${plugins}/nowhere`, {})).toMatchObject({ status: 404 });
  });
});

describe('DELETE /api/v1/plugins/{name}', () => {
  it('deletes, once', async () => {
    const plugin = await api.aPlugin('goner');
    expect(await api.send('DELETE', `${plugins}/${plugin.id}`)).toMatchObject({ status: 204, body: '' });
    expect(await api.send('DELETE', `${plugins}/goner`)).toMatchObject({ status: 404 });
  });

  it('refuses a plugin that routes use, naming the routes, until they let go of it', async () => {
    await api.aPlugin('used');
    await api.aRoute('user-a', 'used');
    await api.aRoute('user-b', 'used', { enabled: false });
    const refused = await api.send('DELETE', `${plugins}/used`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'client.conflict', detail: expect.stringMatching(/user-a.*user-b/) } });
    for (const route of ['user-a', 'user-b']) await api.send('DELETE', `/api/v1/routes/${route}`);
    expect(await api.send('DELETE', `${plugins}/used`)).toMatchObject({ status: 204 });
  });

  it('refuses a stale If-Match with 412', async () => {
    await api.aPlugin('kept');
    expect(await api.send('DELETE', `${plugins}/kept`, undefined, { 'if-match': '"x"' })).toMatchObject({ status: 412 });
    expect(await api.get(`${plugins}/kept`)).toMatchObject({ status: 200 });
  });
});

describe('reading plugins', () => {
  it('answers 304 to a reader that has the plugin', async () => {
    await api.aPlugin('cached');
    const etag = (await api.get(`${plugins}/cached`)).headers.get('etag') ?? '';
    expect(await api.get(`${plugins}/cached`, { 'if-none-match': etag })).toMatchObject({ status: 304, body: '' });
  });

  it('lists every version, the newest first, and each by its number', async () => {
    await api.aPlugin('history');
    for (const description of ['two', 'three']) await api.send('PATCH', `${plugins}/history`, { description });
    const all = await api.get<List<Plugin>>(`${plugins}/history/versions`);
    expect(all.body.items.map(({ version, description }) => [version, description])).toEqual([
      [3, 'three'],
      [2, 'two'],
      [1, ''],
    ]);
    const first = await api.get<List<Plugin>>(`${plugins}/history/versions?limit=2`);
    const second = await api.get<List<Plugin>>(`${plugins}/history/versions?limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items]).toEqual(all.body.items);
    expect(second.body.nextCursor).toBeNull();
    expect((await api.get<Plugin>(`${plugins}/history/versions/2`)).body.description).toBe('two');
    for (const version of ['4', '0', 'latest', '-1']) expect(await api.get(`${plugins}/history/versions/${version}`)).toMatchObject({ status: 404 });
  });

  it('pages through the list in a stable order', async () => {
    for (const name of ['page-c', 'page-a', 'page-b']) await api.aPlugin(name, { tags: ['paged'] });
    const names: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: List<Plugin> = (await api.get<List<Plugin>>(`${plugins}?tag=paged&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)).body;
      names.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    expect(names).toEqual(['page-a', 'page-b', 'page-c']);
  });

  it('searches names and descriptions as text, not as a pattern', async () => {
    await api.aPlugin('found-by-name', { tags: ['search'] });
    await api.aPlugin('other-one', { description: '100% FOUND_here', tags: ['search'] });
    const search = async (q: string) => {
      const { body } = await api.get<List<Plugin>>(`${plugins}?tag=search&q=${encodeURIComponent(q)}`);
      return body.items.map(({ name }) => name);
    };
    expect(await search('found')).toEqual(['found-by-name', 'other-one']);
    expect(await search('00% f')).toEqual(['other-one']);
    expect(await search('_')).toEqual(['other-one']);
    expect(await search('%')).toEqual(['other-one']);
  });

  it.each([
    ['limit=0', '?limit'],
    ['limit=501', '?limit'],
    ['limit=abc', '?limit'],
    ['cursor=zzz', '?cursor'],
    ['colour=red', '?colour'],
  ])('refuses the query %s', async (query, pointer) => {
    expect(await api.get(`${plugins}?${query}`)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });
});

// On the same control plane, with plugins and routes of other names.
const running = () => torii;
describe('routes', () => describeRoutes(running));
describe('settings', () => describeSettings(running));
describe('writes', () => describeWrites(running));

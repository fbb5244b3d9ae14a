import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FunctionEntity, type List, type SourceTree, sourceLimits } from '@torii/contracts';
import { describeEndpoint } from './functions/endpoint.js';
import { describeEndpointScopes } from './functions/endpoint-scopes.js';
import { describeFiles } from './functions/files.js';
import { describeVersions } from './functions/versions.js';
import { aKeyWith } from './support/admin-key.js';
import type { ApiClient } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';
import { startVersionPublisher, type VersionPublisher } from './support/version-publisher.js';

let torii: TestControlPlane;
let api: ApiClient;
let publisher: VersionPublisher;

beforeAll(async () => {
  torii = await startControlPlane();
  api = torii.api;
  publisher = await startVersionPublisher(torii);
});
afterAll(async () => {
  await publisher?.close();
  await torii?.close();
});

const functions = '/api/v1/functions';
const entry = { path: 'main.wat', content: '(module)' };
const minimal = (name: string) => ({ name, language: 'wat', files: [entry] });
const revisionOf = (answer: { headers: Headers }) => Number(answer.headers.get('x-config-revision'));

async function aFunction(name: string, changes: object = {}): Promise<FunctionEntity> {
  const answer = await api.send<FunctionEntity>('PUT', `${functions}/${name}`, { ...minimal(name), ...changes });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

describe('POST /api/v1/functions', () => {
  it('creates a function with every default filled in, and no revision', async () => {
    const before = revisionOf(await api.get(functions));
    const { status, headers, body } = await api.send<FunctionEntity>('POST', functions, minimal('made'));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'made',
      language: 'wat',
      description: '',
      functionNames: [],
      settings: { kind: 'backend', isolation: 'reuse', limits: { cpuMs: 50 } },
      endpoint: { enabled: false, version: 'latest' },
      source: { files: 1, bytes: 8 },
      latestVersion: null,
      devBuiltAt: null,
    });
    expect(body.id).toMatch(/^fn_/);
    expect(headers.get('location')).toBe(`${functions}/${body.id}`);
    expect(headers.get('etag')).toMatch(/^"[0-9a-f]{64}-[0-9a-f]{16}"$/);
    expect(revisionOf({ headers })).toBe(before);
    expect((await api.get<FunctionEntity>(`${functions}/made`)).body).toEqual(body);
    expect((await api.get<FunctionEntity>(`${functions}/${body.id}`)).body).toEqual(body);
  });

  it('refuses a name that is taken with 409', async () => {
    await aFunction('taken');
    expect(await api.send('POST', functions, minimal('taken'))).toMatchObject({
      status: 409,
      body: { code: 'client.conflict', errors: [{ pointer: '/name' }] },
    });
  });

  it('does the same request with one Idempotency-Key once', async () => {
    const key = { 'idempotency-key': 'function-1' };
    const first = await api.send<FunctionEntity>('POST', functions, minimal('once'), key);
    expect(await api.send<FunctionEntity>('POST', functions, minimal('once'), key)).toMatchObject({ status: 201, body: first.body });
    expect(await api.send('POST', functions, minimal('other'), key)).toMatchObject({ status: 409 });
    expect(await api.get(`${functions}/other`)).toMatchObject({ status: 404 });
  });

  it('creates one function when many ask for one name at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.send('POST', functions, minimal('at-once'))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });
});

describe('templates', () => {
  it('stand in for sources, and for what the body leaves out', async () => {
    const { name, language } = minimal('from-template');
    const made = await api.send<FunctionEntity>('POST', functions, { name, language, template: 'empty', settings: { isolation: 'fresh' } });
    expect(made).toMatchObject({ status: 201, body: { settings: { isolation: 'fresh' } } });
    const template = (await api.get<{ functionNames: string[]; testInputs: object[] }>('/api/v1/templates/wat/empty')).body;
    expect(made.body).toMatchObject({ functionNames: template.functionNames, testInputs: template.testInputs });
    const own = await api.send<FunctionEntity>('POST', functions, { name: 'own-names', language, template: 'empty', functionNames: ['mine'] });
    expect(own.body).toMatchObject({ functionNames: ['mine'], source: made.body.source });
  });

  it('begin a function that comes with no sources at all', async () => {
    expect(await api.send('POST', functions, { name: 'no-sources', language: 'wat' })).toMatchObject({ status: 201, body: { source: { files: 1 } } });
  });
});

describe('what a function may be', () => {
  const file = (path: string, changes: object = {}) => ({ path, content: 'x', ...changes });

  it.each<[string, object, object]>([
    ['an unknown field', { lang: 'wat' }, { pointer: '/lang', code: 'unknown_field' }],
    ['a mistyped field', { functionName: ['a'] }, { pointer: '/functionName', detail: expect.stringContaining('"functionNames"') }],
    ['an unknown language', { language: 'cobol' }, { pointer: '/language', detail: expect.stringMatching(/javascript.*rust/) }],
    ['no language', { language: undefined }, { pointer: '/language' }],
    ['a name with capitals', { name: 'Fn' }, { pointer: '/name' }],
    ['an id', { id: 'fn_01900000-0000-7000-8000-000000000000' }, { pointer: '/id' }],
    ['a function name with a space', { functionNames: ['a b'] }, { pointer: '/functionNames/0' }],
    [
      'a grant of an access there is not',
      { settings: { hostFunctions: [{ name: 'state', access: ['write'] }] } },
      { pointer: '/settings/hostFunctions/0/access/0' },
    ],
    ['a limit out of range', { settings: { limits: { cpuMs: 0 } } }, { pointer: '/settings/limits/cpuMs' }],
    ['an entry that is no file of it', { entry: 'man.wat' }, { pointer: '/entry', detail: expect.stringContaining('"main.wat"') }],
    ['files without the entry of the language', { files: [file('other.wat')] }, { pointer: '/files', detail: expect.stringContaining('main.wat') }],
    ['files and a template', { template: 'empty' }, { pointer: '/template' }],
    [
      'an unknown template',
      { files: undefined, template: 'emtpy' },
      { pointer: '/template', code: 'unknown_reference', detail: expect.stringContaining('"empty"') },
    ],
    ['files that are no list', { files: {} }, { pointer: '/files' }],
    ['an unknown field of a file', { files: [file('main.wat', { mode: 1 })] }, { pointer: '/files/0/mode', code: 'unknown_field' }],
    ['a path that leads out', { files: [entry, file('../x')] }, { pointer: '/files/1/path' }],
    ['an absolute path', { files: [entry, file('/etc/passwd')] }, { pointer: '/files/1/path' }],
    ['a path with a backslash', { files: [entry, file('a\\b')] }, { pointer: '/files/1/path' }],
    ['a path with a NUL', { files: [entry, file('a\0')] }, { pointer: '/files/1/path' }],
    ['a file in node_modules', { files: [entry, file('node_modules/a/index.js')] }, { pointer: '/files/1/path' }],
    ['a file twice', { files: [entry, file('a'), file('a')] }, { pointer: '/files/2/path', detail: expect.stringContaining('twice') }],
    ['paths that are one after normalising', { files: [entry, file('\u00e9'), file('e\u0301')] }, { pointer: '/files/2/path' }],
    [
      'paths that differ only by case',
      { files: [entry, file('A/b.txt'), file('a/B.txt')] },
      { pointer: '/files/2/path', detail: expect.stringContaining('case') },
    ],
    [
      'a file that is also a folder',
      { files: [entry, file('a'), file('A/b')] },
      { pointer: '/files/1/path', detail: expect.stringContaining('folder') },
    ],
    [
      'base64 that is far too large',
      { files: [entry, file('a', { content: 'A'.repeat(7_900_000), encoding: 'base64' })] },
      { pointer: '/files/1/content', detail: expect.stringContaining(`${sourceLimits.fileMaxBytes}`) },
    ],
    ['base64 that ends too early', { files: [entry, file('a', { content: 'AA=', encoding: 'base64' })] }, { pointer: '/files/1/content' }],
    ['base64 that is none', { files: [entry, file('a', { content: '@@', encoding: 'base64' })] }, { pointer: '/files/1/content' }],
    [
      'a file that is too large',
      { files: [entry, file('a', { content: 'x'.repeat(sourceLimits.fileMaxBytes + 1) })] },
      { pointer: '/files/1/content', detail: expect.stringContaining(`${sourceLimits.fileMaxBytes}`) },
    ],
    [
      'files that are too large together',
      { files: [entry, ...['a', 'b', 'c'].map((path) => file(path, { content: 'x'.repeat(sourceLimits.fileMaxBytes) }))] },
      { pointer: '/files', detail: expect.stringContaining(`${sourceLimits.totalMaxBytes}`) },
    ],
    [
      'too many files',
      { files: Array.from({ length: sourceLimits.filesMax + 1 }, (_, index) => file(`${index}`)) },
      { pointer: '/files', detail: expect.stringContaining(`${sourceLimits.filesMax}`) },
    ],
    ['a name too long for its endpoint', { name: 'a'.repeat(61), endpoint: { enabled: true } }, { pointer: '/name' }],
  ])('is refused with %s', async (_, changes, issue) => {
    const { status, body } = await api.send('POST', functions, { ...minimal('never'), ...changes });
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { code: 'client.invalid', errors: expect.arrayContaining([expect.objectContaining(issue)]) },
    });
    expect(await api.get(`${functions}/never`)).toMatchObject({ status: 404 });
  });

  it('is refused with 413 where the body is larger than any function', async () => {
    const files = [entry, { path: 'big', content: 'x'.repeat(9 * 1024 * 1024) }];
    expect(await api.send('POST', functions, { ...minimal('huge'), files })).toMatchObject({ status: 413 });
  });

  it('holds any text: what the database cannot hold is kept as base64', async () => {
    const files = [entry, { path: 'nul', content: 'a\0b' }, { path: 'half', content: 'a\ud800b' }, { path: 'pair', content: '\u{1f600}' }];
    await aFunction('any-text', { files });
    const { body } = await api.get<SourceTree>(`${functions}/any-text/files`);
    expect(body.files).toEqual([
      { path: 'half', content: Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x62]).toString('base64'), encoding: 'base64' },
      { path: 'main.wat', content: '(module)', encoding: 'utf8' },
      { path: 'nul', content: Buffer.from('a\0b').toString('base64'), encoding: 'base64' },
      { path: 'pair', content: '\u{1f600}', encoding: 'utf8' },
    ]);
  });

  it('has sources that are one whatever their order and encoding', async () => {
    const a = await aFunction('order-a', { files: [entry, { path: 'b', content: 'text' }] });
    const b = await aFunction('order-b', { files: [{ path: 'b', content: Buffer.from('text').toString('base64'), encoding: 'base64' }, entry] });
    expect(b.source).toEqual(a.source);
  });
});

describe('PUT /api/v1/functions/{name}', () => {
  it('creates by the name in the path, then replaces, and keeps the sources where it brings none', async () => {
    const created = await api.send<FunctionEntity>('PUT', `${functions}/upsert`, { language: 'wat', files: [entry], description: 'one' });
    expect(created).toMatchObject({ status: 201, body: { name: 'upsert' } });
    const replaced = await api.send<FunctionEntity>('PUT', `${functions}/${created.body.id}`, { language: 'wat' });
    expect(replaced).toMatchObject({ status: 200, body: { id: created.body.id, description: '', source: created.body.source } });
    const other = [{ ...entry, content: '(module (memory 1))' }];
    expect(await api.send('PUT', `${functions}/upsert`, { language: 'wat', files: other })).toMatchObject({
      status: 200,
      body: { source: { bytes: 19 } },
    });
  });

  it('takes what GET answers, and then changes nothing', async () => {
    const made = await aFunction('same', { tags: ['a'], testInputs: [{ name: 'x', input: { a: [1, null] } }] });
    expect(await api.send('PUT', `${functions}/same`, made)).toMatchObject({ status: 200, body: made });
  });

  it('renames when the body has another name, and keeps the id', async () => {
    const made = await aFunction('old-name');
    const renamed = await api.send<FunctionEntity>('PUT', `${functions}/old-name`, { name: 'new-name', language: 'wat' });
    expect(renamed).toMatchObject({ status: 200, body: { id: made.id, name: 'new-name' } });
    expect(await api.get(`${functions}/old-name`)).toMatchObject({ status: 404 });
    await aFunction('blocker');
    expect(await api.send('PUT', `${functions}/new-name`, { name: 'blocker', language: 'wat' })).toMatchObject({ status: 409 });
  });

  it('answers 404 for an id that does not exist, and 422 for a new function whose body has another name', async () => {
    expect(await api.send('PUT', `${functions}/fn_01900000-0000-7000-8000-000000000000`, minimal('x'))).toMatchObject({ status: 404 });
    expect(await api.send('PUT', `${functions}/one-name`, minimal('another'))).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/name' }] },
    });
  });

  it('refuses another language while the sources lack its entry', async () => {
    await aFunction('relabelled');
    expect(await api.send('PUT', `${functions}/relabelled`, { language: 'go' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/files' }] },
    });
  });

  it('refuses a stale If-Match with 412, also when only the sources have changed', async () => {
    await aFunction('tagged');
    const stale = (await api.get(`${functions}/tagged`)).headers.get('etag') ?? '';
    const changed = await api.send('PATCH', `${functions}/tagged`, { files: [{ ...entry, content: '(module(memory 1))' }] }, { 'if-match': stale });
    expect(changed).toMatchObject({ status: 200 });
    const refused = await api.send('PATCH', `${functions}/tagged`, { description: 'x' }, { 'if-match': stale });
    expect(refused).toMatchObject({ status: 412, body: { code: 'client.stale_revision' } });
    expect(refused.headers.get('etag')).toBe(changed.headers.get('etag'));
    expect(await api.send('PUT', `${functions}/tagged`, minimal('tagged'), { 'if-none-match': '*' })).toMatchObject({ status: 412 });
    expect(await api.send('PUT', `${functions}/brand-new`, minimal('brand-new'), { 'if-match': '*' })).toMatchObject({ status: 412 });
  });
});

describe('PATCH /api/v1/functions/{name}', () => {
  it('changes what the merge patch names, and takes null back to the default', async () => {
    const made = await aFunction('patched', { description: 'before', settings: { config: { A: '1', B: '2' } } });
    const patch = { settings: { config: { A: null, C: '3' } }, description: null, tags: ['t'] };
    const { status, body } = await api.send<FunctionEntity>('PATCH', `${functions}/patched`, patch, {
      'content-type': 'application/merge-patch+json',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ description: '', tags: ['t'], settings: { config: { B: '2', C: '3' } }, source: made.source });
    expect(body.settings.config).not.toHaveProperty('A');
  });

  it('checks the whole function again', async () => {
    await aFunction('patched-badly');
    for (const [patch, pointer] of [
      [{ language: null }, '/language'],
      [{ source: null }, '/source'],
      [{ entry: 'nope.wat' }, '/entry'],
      [{ endpoint: { enable: null } }, '/endpoint/enable'],
      [{ files: null }, '/files'],
    ] as const) {
      expect(await api.send('PATCH', `${functions}/patched-badly`, patch)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
    }
    expect(await api.send('PATCH', `${functions}/nowhere`, {})).toMatchObject({ status: 404 });
    expect(await api.send('PATCH', `${functions}/patched-badly`, '{', { 'content-type': 'application/json' })).toMatchObject({ status: 400 });
  });
});

describe('DELETE /api/v1/functions/{name}', () => {
  it('deletes, once, with the sources that nothing else has', async () => {
    const files = [{ ...entry, content: '(module (memory 7))' }];
    const made = await aFunction('goner', { files });
    const twin = await aFunction('twin', { files });
    const kept = async () => (await torii.database.query('SELECT 1 FROM function_sources WHERE sha256 = $1', [made.source.sha256])).rowCount;
    expect(await api.send('DELETE', `${functions}/${made.id}`, undefined, { 'if-match': '"x"' })).toMatchObject({ status: 412 });
    expect(await api.send('DELETE', `${functions}/${made.id}`)).toMatchObject({ status: 204, body: '' });
    expect(await api.send('DELETE', `${functions}/goner`)).toMatchObject({ status: 404 });
    expect(await kept()).toBe(1);
    await api.send('DELETE', `${functions}/${twin.id}`);
    expect(await kept()).toBe(0);
  });
});

describe('reading functions', () => {
  it('answers 304 to a reader that has the function, and 404 for one that is not there', async () => {
    await aFunction('cached');
    const etag = (await api.get(`${functions}/cached`)).headers.get('etag') ?? '';
    expect(await api.get(`${functions}/cached`, { 'if-none-match': etag })).toMatchObject({ status: 304, body: '' });
    for (const path of [
      '',
      '/files',
      '/files/a',
      '/versions',
      '/versions/dev',
      '/versions/dev/files',
      '/versions/dev/wasm',
      '/versions/dev/diff?from=dev',
    ]) {
      expect(await api.get(`${functions}/nowhere${path}`)).toMatchObject({ status: 404 });
    }
  });

  it('pages through the list, and finds by tag and text', async () => {
    for (const name of ['list-b', 'list-a', 'list-c']) await aFunction(name, { tags: ['listed'], description: `about ${name.toUpperCase()}` });
    const first = await api.get<List<FunctionEntity>>(`${functions}?tag=listed&limit=2`);
    const second = await api.get<List<FunctionEntity>>(`${functions}?tag=listed&limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map(({ name }) => name)).toEqual(['list-a', 'list-b', 'list-c']);
    expect(second.body.nextCursor).toBeNull();
    expect((await api.get<List<FunctionEntity>>(`${functions}?q=about%20list-b`)).body.items.map(({ name }) => name)).toEqual(['list-b']);
    expect(await api.get(`${functions}?colour=red`)).toMatchObject({ status: 422, body: { errors: [{ pointer: '?colour' }] } });
  });
});

describe('scopes', () => {
  it('let a key read or write functions, and no more', async () => {
    await aFunction('scoped');
    const reader = api.withKey(await aKeyWith(torii, 'functions:read'));
    for (const path of ['', '/scoped', '/scoped/files', '/scoped/files/main.wat', '/scoped/versions']) {
      expect(await reader.get(`${functions}${path}`)).toMatchObject({ status: 200 });
    }
    for (const [method, path] of [
      ['POST', ''],
      ['PUT', '/scoped'],
      ['PATCH', '/scoped'],
      ['DELETE', '/scoped'],
      ['PUT', '/scoped/files'],
      ['PUT', '/scoped/files/a'],
      ['DELETE', '/scoped/files/a'],
      ['DELETE', '/scoped/versions/dev'],
    ] as const) {
      expect(await reader.send(method, `${functions}${path}`, method === 'DELETE' ? undefined : {})).toMatchObject({ status: 403 });
      expect(await api.withKey(undefined).send(method, `${functions}${path}`)).toMatchObject({ status: 401 });
    }
    const writer = api.withKey(await aKeyWith(torii, 'functions:write'));
    expect(await writer.send('PATCH', `${functions}/scoped`, { description: 'x' })).toMatchObject({ status: 200 });
    expect(await writer.get(`${functions}/scoped`)).toMatchObject({ status: 403 });
  });
});

describe('the audit', () => {
  it('has a row for each change of a function, without a revision', async () => {
    const tagged = { 'x-request-id': 'audited-function' };
    await api.send('PUT', `${functions}/audited`, minimal('audited'), tagged);
    await api.send('PATCH', `${functions}/audited`, { tags: ['x'] }, tagged);
    await api.send('PATCH', `${functions}/audited`, { tags: ['x'] }, tagged); // changes nothing
    await api.send('PUT', `${functions}/audited/files/more.txt`, 'text', { ...tagged, 'content-type': 'text/plain' });
    await api.send('DELETE', `${functions}/audited`, undefined, tagged);
    const { rows } = await torii.database.query("SELECT * FROM audit WHERE request_id = 'audited-function' ORDER BY at, id");
    expect(rows.map(({ action, before, after }) => [action, before?.source.files, after?.source.files])).toEqual([
      ['create', undefined, 1],
      ['update', 1, 1],
      ['update', 1, 2],
      ['delete', 2, undefined],
    ]);
    for (const row of rows)
      expect(row).toMatchObject({ revision: null, entity_kind: 'function', entity_name: 'audited', actor: expect.stringMatching(/^key_/) });
  });
});

// On the same control plane, with functions, plugins and routes of other names.
const running = () => torii;
const publishing = () => publisher;
describe('files of a function', () => describeFiles(running));
describe('versions of a function', () => describeVersions(running, publishing));
describe('an endpoint', () => describeEndpoint(running, publishing));
describe('scopes for an endpoint', () => describeEndpointScopes(running, publishing));

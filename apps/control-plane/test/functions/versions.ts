import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { FunctionDiff, FunctionEntity, FunctionVersion, List, Plugin, SourceTree } from '@torii/contracts';
import { unzip } from '../support/a-zip.js';
import { type ApiClient, aModule, importMapGet } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';
import type { VersionPublisher } from '../support/version-publisher.js';

let torii: TestControlPlane;
let api: ApiClient;
let publisher: VersionPublisher;

const functions = '/api/v1/functions';
const plugins = '/api/v1/plugins';
const missingId = 'fn_01900000-0000-7000-8000-000000000000';
const importLog = '(import "env" "proxy_log" (func (param i32 i64 i64) (result i32)))';

async function aFunction(name: string, changes: object = {}): Promise<FunctionEntity> {
  const body = { language: 'wat', files: [{ path: 'main.wat', content: `(module) ;; ${name}` }], ...changes };
  const answer = await api.send<FunctionEntity>('PUT', `${functions}/${name}`, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

/** A module unlike any other, which exports `handle`. */
function aDistinctModule(imports = ''): Promise<Uint8Array> {
  return aModule(`${imports} (global (export "g_${randomUUID().replaceAll('-', '')}") i32 (i32.const 1))`);
}

const fromFunction = (name: string, version = 'latest') => ({ source: { kind: 'function', name, version }, functionName: 'handle' });
const readPlugin = async (name: string) => (await api.get<Plugin>(`${plugins}/${name}`)).body;

export function describeVersions(running: () => TestControlPlane, publishing: () => VersionPublisher): void {
  beforeAll(() => {
    torii = running();
    api = torii.api;
    publisher = publishing();
  });

  describe('publishing', () => {
    it('adds releases, replaces dev, and tells of both in the function', async () => {
      const entity = await aFunction('published');
      await publisher.publish(entity, '1.0.0', await aDistinctModule());
      await publisher.publish(entity, '1.10.0', await aDistinctModule());
      await publisher.publish(entity, '1.9.0', await aDistinctModule());
      await publisher.publish(entity, 'dev', await aDistinctModule());
      await publisher.publish(entity, 'dev', await aDistinctModule());
      const { body } = await api.get<List<FunctionVersion>>(`${functions}/published/versions`);
      expect(body.items.map(({ version }) => version)).toEqual(['dev', '1.10.0', '1.9.0', '1.0.0']);
      expect((await api.get<FunctionEntity>(`${functions}/published`)).body).toMatchObject({
        latestVersion: '1.10.0',
        devBuiltAt: body.items[0]?.createdAt,
      });
    });

    it('refuses a release that exists, and changes nothing then', async () => {
      const entity = await aFunction('released');
      await publisher.publish(entity, '1.0.0', await aDistinctModule());
      const before = (await api.get<FunctionVersion>(`${functions}/released/versions/1.0.0`)).body;
      await expect(publisher.publish(entity, '1.0.0', await aDistinctModule())).rejects.toMatchObject({ code: 'client.conflict' });
      expect((await api.get<FunctionVersion>(`${functions}/released/versions/1.0.0`)).body).toEqual(before);
    });

    it('refuses a version of a function that is gone', async () => {
      const entity = await aFunction('vanished');
      await api.send('DELETE', `${functions}/vanished`);
      await expect(publisher.publish(entity, 'dev', await aDistinctModule())).rejects.toMatchObject({ code: 'client.not_found' });
    });

    it('keeps the ETag valid for writes, and new for reads', async () => {
      const entity = await aFunction('etag-over-builds');
      const etag = (await api.get(`${functions}/etag-over-builds`)).headers.get('etag') ?? '';
      await publisher.publish(entity, 'dev', await aDistinctModule());
      expect(await api.get(`${functions}/etag-over-builds`, { 'if-none-match': etag })).toMatchObject({ status: 200 });
      // As an editor does that read the function before the build ended.
      expect(await api.send('PUT', `${functions}/etag-over-builds`, { ...entity, description: 'x' }, { 'if-match': etag })).toMatchObject({
        status: 200,
      });
    });
  });

  describe('plugins of a function', () => {
    it('follow its highest release, its dev version, or stay at the release they name', async () => {
      const entity = await aFunction('followed');
      await publisher.publish(entity, '1.0.0', await aDistinctModule());
      await publisher.publish(entity, 'dev', await aDistinctModule());
      const latest = await api.aPlugin('follows-latest', fromFunction('followed'));
      const dev = await api.aPlugin('follows-dev', fromFunction(entity.id, 'dev'));
      const pinned = await api.aPlugin('stays', fromFunction('followed', '1.0.0'));
      expect(dev.source).toMatchObject({ name: 'followed', version: 'dev' });

      const released = await publisher.publish(entity, '1.1.0', await aDistinctModule());
      expect(released).toEqual([{ pluginId: latest.id, name: 'follows-latest', outcome: 'updated', version: 2 }]);
      const { sha256 } = (await api.get<FunctionVersion>(`${functions}/followed/versions/1.1.0`)).body;
      expect(await readPlugin('follows-latest')).toMatchObject({ version: 2, resolvedSha256: sha256, source: latest.source });

      // A release below the highest is for those who name it.
      expect(await publisher.publish(entity, '1.0.1', await aDistinctModule())).toEqual([]);
      expect(await publisher.publish(entity, 'dev', await aDistinctModule())).toEqual([
        { pluginId: dev.id, name: 'follows-dev', outcome: 'updated', version: 2 },
      ]);
      expect(await readPlugin('follows-latest')).toMatchObject({ version: 2 });
      expect(await readPlugin('stays')).toEqual(pinned);
    });

    it('stay as they are when the new module is the one they run', async () => {
      const entity = await aFunction('rebuilt');
      const wasm = await aDistinctModule();
      await publisher.publish(entity, '1.0.0', wasm);
      const plugin = await api.aPlugin('runs-rebuilt', fromFunction('rebuilt'));
      expect(await publisher.publish(entity, '1.0.1', wasm)).toEqual([
        { pluginId: plugin.id, name: 'runs-rebuilt', outcome: 'unchanged', version: 1 },
      ]);
      // It is the new release that is used now, and the old one that may go.
      expect(await api.send('DELETE', `${functions}/rebuilt/versions/1.0.1`)).toMatchObject({ status: 409 });
      expect(await api.send('DELETE', `${functions}/rebuilt/versions/1.0.0`)).toMatchObject({ status: 204 });
    });

    it('stay as they are, and say why, when they lack what the new module needs', async () => {
      const entity = await aFunction('demanding');
      await publisher.publish(entity, '1.0.0', await aDistinctModule());
      const poor = await api.aPlugin('poor', fromFunction('demanding'));
      await api.aPlugin('rich', { ...fromFunction('demanding'), hostFunctions: ['plugin_map:read'] });
      const followers = await publisher.publish(entity, '2.0.0', await aDistinctModule(importMapGet));
      expect(followers).toEqual([
        { pluginId: poor.id, name: 'poor', outcome: 'refused', detail: expect.stringContaining('add "plugin_map:read" to hostFunctions') },
        expect.objectContaining({ name: 'rich', outcome: 'updated', version: 2 }),
      ]);
      expect(await readPlugin('poor')).toEqual(poor);
      // With the grant a write of the plugin takes the release it follows.
      const granted = await api.send<Plugin>('PATCH', `${plugins}/poor`, { hostFunctions: ['plugin_map:read'] });
      expect(granted).toMatchObject({ status: 200, body: { version: 2 } });
      expect(granted.body.resolvedSha256).not.toBe(poor.resolvedSha256);
    });

    it('are each on record with a revision of their own', async () => {
      const entity = await aFunction('recorded');
      await publisher.publish(entity, '1.0.0', await aDistinctModule());
      for (const name of ['recorded-a', 'recorded-b']) await api.aPlugin(name, fromFunction('recorded'));
      await publisher.publish(entity, '1.0.1', await aDistinctModule());
      const { rows } = await torii.database.query(
        "SELECT action, entity_kind, entity_name, revision FROM audit WHERE actor = 'build' AND entity_name LIKE 'recorded%' ORDER BY at DESC, id DESC LIMIT 3",
      );
      expect(rows.reverse()).toEqual([
        { action: 'publish', entity_kind: 'function', entity_name: 'recorded', revision: null },
        { action: 'update', entity_kind: 'plugin', entity_name: 'recorded-a', revision: expect.stringMatching(/^\d+$/) },
        { action: 'update', entity_kind: 'plugin', entity_name: 'recorded-b', revision: expect.stringMatching(/^\d+$/) },
      ]);
      expect(Number(rows[2].revision)).toBe(Number(rows[1].revision) + 1);
    });

    it('are answered with the name that the function has now', async () => {
      const entity = await aFunction('name-before');
      await publisher.publish(entity, '1.0.0', await aDistinctModule());
      const plugin = await api.aPlugin('of-renamed', fromFunction('name-before'));
      await api.send('PATCH', `${functions}/name-before`, { name: 'name-after' });
      const renamed = await readPlugin('of-renamed');
      expect(renamed).toEqual({ ...plugin, source: { kind: 'function', name: 'name-after', version: 'latest' } });
      expect((await api.get<List<Plugin>>(`${plugins}?q=of-renamed`)).body.items).toEqual([renamed]);
      expect((await api.get<List<Plugin>>(`${plugins}/of-renamed/versions`)).body.items).toEqual([renamed]);
      // What GET answers can be PUT as it is, and changes nothing.
      expect(await api.send('PUT', `${plugins}/of-renamed`, renamed)).toMatchObject({ status: 200, body: renamed });
    });

    it('are refused without such a function or version, saying what there is', async () => {
      const entity = await aFunction('existing');
      const refusal = async (name: string, version?: string) => {
        const { status, body } = await api.send('POST', plugins, { name: 'never', ...fromFunction(name, version) });
        return { status, issue: body.errors?.[0] };
      };
      const unknown = (pointer: string, detail: RegExp) => ({
        status: 422,
        issue: { pointer, code: 'unknown_reference', detail: expect.stringMatching(detail) },
      });
      expect(await refusal('exsting')).toEqual(unknown('/source/name', /did you mean "existing"/));
      expect(await refusal(missingId)).toEqual(unknown('/source/name', /no function/));
      expect(await refusal('existing')).toEqual(unknown('/source/version', /nothing of it has been built yet/));
      await publisher.publish(entity, 'dev', await aDistinctModule());
      expect(await refusal('existing')).toEqual(unknown('/source/version', /no released version: there is dev/));
      expect(await refusal('existing', '9.9.9')).toEqual(unknown('/source/version', /no version 9\.9\.9: there is dev/));
      expect(await refusal('existing', 'newest')).toMatchObject({ status: 422, issue: { pointer: '/source/version' } });
      expect(await api.get(`${plugins}/never`)).toMatchObject({ status: 404 });
    });
  });

  describe('reading versions', () => {
    it('answers what was built, from which sources, and its bytes', async () => {
      const entity = await aFunction('readable');
      const wasm = await aDistinctModule(importLog);
      await publisher.publish(entity, '1.0.0', wasm, { wabt: '1.0.39' });
      await api.send('PUT', `${functions}/readable/files/more.txt`, 'more', { 'content-type': 'text/plain' });
      const { body } = await api.get<FunctionVersion>(`${functions}/readable/versions/1.0.0`);
      expect(body).toMatchObject({
        functionId: entity.id,
        version: '1.0.0',
        size: wasm.length,
        language: 'wat',
        toolchain: { wabt: '1.0.39' },
        sourceSha256: entity.source.sha256,
        imports: [{ module: 'env', name: 'proxy_log' }],
        exports: expect.arrayContaining([expect.objectContaining({ name: 'handle' })]),
      });
      expect((await api.get<FunctionVersion>(`${functions}/${entity.id}/versions/latest`)).body).toEqual(body);

      const sources = await api.get<SourceTree>(`${functions}/readable/versions/1.0.0/files`);
      expect(sources.body.files.map(({ path }) => path)).toEqual(['main.wat']);
      const download = (path: string, headers: Record<string, string> = {}) =>
        fetch(`${torii.url}${path}`, { headers: { ...api.headers, ...headers } });
      const zip = await download(`${functions}/readable/versions/1.0.0/files`, { accept: 'application/zip' });
      expect(zip.headers.get('content-disposition')).toContain('readable-1.0.0.zip');
      expect(Object.keys(await unzip(Buffer.from(await zip.arrayBuffer())))).toEqual(['main.wat']);

      const module = await download(`${functions}/readable/versions/1.0.0/wasm`);
      expect(module.headers.get('content-type')).toBe('application/wasm');
      expect(module.headers.get('cache-control')).toBe('private, no-cache');
      expect(new Uint8Array(await module.arrayBuffer())).toEqual(wasm);
      const etag = module.headers.get('etag') ?? '';
      expect((await download(`${functions}/readable/versions/1.0.0/wasm`, { 'if-none-match': etag })).status).toBe(304);
    });

    it('pages through them, dev first, then by number', async () => {
      const entity = await aFunction('paged');
      const all = ['dev', '10.0.0', '2.0.0', '1.0.10', '1.0.9'];
      for (const version of [...all].reverse()) await publisher.publish(entity, version, await aModule());
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const suffix: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const page: List<FunctionVersion> = (await api.get<List<FunctionVersion>>(`${functions}/paged/versions?limit=2${suffix}`)).body;
        seen.push(...page.items.map(({ version }) => version));
        cursor = page.nextCursor;
      }
      expect(seen).toEqual(all);
      expect(await api.get(`${functions}/paged/versions?cursor=e30`)).toMatchObject({ status: 422, body: { errors: [{ pointer: '?cursor' }] } });
    });

    it('answers 404 for versions there are not', async () => {
      await aFunction('unbuilt');
      for (const version of ['dev', 'latest', '1.0.0', 'x', '1.0.0%27']) {
        for (const path of ['', '/files', '/wasm', '/diff?from=dev']) {
          expect(await api.get(`${functions}/unbuilt/versions/${version}${path}`)).toMatchObject({ status: 404 });
        }
        expect(await api.send('DELETE', `${functions}/unbuilt/versions/${version}`)).toMatchObject({ status: 404 });
      }
    });
  });

  describe('GET /versions/{version}/diff', () => {
    it('tells what changed in files, imports, exports, size and tools', async () => {
      const files = (main: string, ...others: object[]) => [{ path: 'main.wat', content: main }, ...others];
      const first = await aFunction('compared', { files: files('one\ntwo\nthree\n', { path: 'gone.bin', content: 'AAE=', encoding: 'base64' }) });
      await publisher.publish(first, '1.0.0', await aModule(importMapGet), { wabt: '1.0.38', gone: '1' });
      const second = await api.send<FunctionEntity>('PATCH', `${functions}/compared`, {
        files: files('one\n2\nthree\n', { path: 'new.txt', content: 'hello\n' }),
      });
      await publisher.publish(second.body, 'dev', await aModule(importLog, 'run'), { wabt: '1.0.39' });
      const { status, body } = await api.get<FunctionDiff>(`${functions}/compared/versions/dev/diff?from=1.0.0`);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        from: '1.0.0',
        to: 'dev',
        imports: { added: ['env.proxy_log'], removed: ['env.proxy_plugin_map_get'] },
        exports: { added: ['run'], removed: ['handle'] },
        toolchain: [
          { name: 'gone', from: '1', to: null },
          { name: 'wabt', from: '1.0.38', to: '1.0.39' },
        ],
      });
      expect(body.files.map(({ path, change }) => [path, change])).toEqual([
        ['gone.bin', 'removed'],
        ['main.wat', 'modified'],
        ['new.txt', 'added'],
      ]);
      expect(body.files[0]).not.toHaveProperty('patch');
      expect(body.files[1]?.patch).toContain(' one\n-two\n+2\n three\n');
      expect(body.files[2]?.patch).toContain('+hello\n');
      expect((await api.get<FunctionDiff>(`${functions}/compared/versions/dev/diff?from=dev`)).body).toMatchObject({ files: [], sizeChange: 0 });
    });

    it('answers in its time where comparing would take hours', async () => {
      const lines = (seed: number) => Array.from({ length: 40_000 }, (_, index) => (index * seed) % 9_973).join('\n');
      const hostile = (seed: number) => Array.from({ length: 8 }, (_, index) => ({ path: `f${index}`, content: lines(seed + index) }));
      const main = { path: 'main.wat', content: '(module)' };
      const first = await aFunction('hostile', { files: [main, ...hostile(7)] });
      await publisher.publish(first, '1.0.0', await aModule());
      const second = await api.send<FunctionEntity>('PUT', `${functions}/hostile/files`, { files: [main, ...hostile(1009)] });
      await publisher.publish(second.body, '1.0.1', await aModule());
      const diff = api.get<FunctionDiff>(`${functions}/hostile/versions/1.0.1/diff?from=1.0.0`);
      expect(await api.get('/livez')).toMatchObject({ status: 200 });
      const { status, body } = await diff;
      expect(status).toBe(200);
      expect(body.files).toHaveLength(8);
      expect(body.files.some(({ patch }) => patch === undefined)).toBe(true);
    });

    it('needs two versions that are there', async () => {
      const entity = await aFunction('half-compared');
      await publisher.publish(entity, 'dev', await aModule());
      const diff = `${functions}/half-compared/versions/dev/diff`;
      expect(await api.get(diff)).toMatchObject({ status: 422, body: { errors: [{ pointer: '?from' }] } });
      expect(await api.get(`${diff}?from=1.0`)).toMatchObject({ status: 422, body: { errors: [{ pointer: '?from' }] } });
      expect(await api.get(`${diff}?from=1.0.0`)).toMatchObject({ status: 404 });
    });
  });

  describe('deleting', () => {
    it('takes a version that nothing runs, and its sources where nothing else has them', async () => {
      const entity = await aFunction('pruned');
      await publisher.publish(entity, '1.0.0', await aModule());
      await api.send('PUT', `${functions}/pruned/files`, { files: [{ path: 'main.wat', content: '(module) ;; other' }] });
      expect(await api.send('DELETE', `${functions}/pruned/versions/1.0.0`)).toMatchObject({ status: 204 });
      expect(await api.send('DELETE', `${functions}/pruned/versions/1.0.0`)).toMatchObject({ status: 404 });
      const { rowCount } = await torii.database.query('SELECT 1 FROM function_sources WHERE sha256 = $1', [entity.source.sha256]);
      expect(rowCount).toBe(0);
    });

    it('takes the number of a release along: it is no other module ever after, also for builds', async () => {
      const entity = await aFunction('numbered');
      await publisher.publish(entity, '1.0.0', await aModule());
      await publisher.publish(entity, 'dev', await aModule());
      for (const version of ['1.0.0', 'dev'])
        expect(await api.send('DELETE', `${functions}/numbered/versions/${version}`)).toMatchObject({ status: 204 });

      await expect(publisher.publish(entity, '1.0.0', await aDistinctModule())).rejects.toMatchObject({ code: 'client.conflict' });
      expect(await api.send('POST', `${functions}/numbered/builds`, { version: '1.0.0' })).toMatchObject({
        status: 409,
        body: { code: 'client.conflict', detail: expect.stringContaining('deleted'), errors: [{ pointer: '/version' }] },
      });
      await publisher.publish(entity, '1.0.1', await aDistinctModule());
      await publisher.publish(entity, 'dev', await aDistinctModule());
    });

    it('refuses a version that a plugin runs, or that a route has pinned, naming the plugins', async () => {
      const entity = await aFunction('in-use');
      await publisher.publish(entity, '1.0.0', await aDistinctModule());
      await api.aPlugin('uses-it', fromFunction('in-use'));
      await api.aRoute('pins-it', 'uses-it', { target: { kind: 'function', plugin: 'uses-it', version: 1 } });
      const version = `${functions}/in-use/versions/1.0.0`;
      const refused = { status: 409, body: { code: 'client.conflict', detail: expect.stringContaining('uses-it') } };
      expect(await api.send('DELETE', version)).toMatchObject(refused);
      await publisher.publish(entity, '1.0.1', await aDistinctModule());
      expect(await readPlugin('uses-it')).toMatchObject({ version: 2 });
      expect(await api.send('DELETE', version)).toMatchObject(refused);
      expect(await api.send('DELETE', `${functions}/in-use`)).toMatchObject(refused);
      await api.send('PATCH', '/api/v1/routes/pins-it', { target: { version: 2 } });
      expect(await api.send('DELETE', version)).toMatchObject({ status: 204 });
    });

    it('takes a function with its versions once no plugin runs them; what plugins were before stays readable', async () => {
      const entity = await aFunction('let-go');
      await publisher.publish(entity, '1.0.0', await aDistinctModule());
      await api.aPlugin('moves-on', fromFunction('let-go'));
      const { sha256 } = await api.upload(await aModule());
      await api.send('PATCH', `${plugins}/moves-on`, { source: { kind: 'artifact', name: null, version: null, sha256 } });
      expect(await api.send('DELETE', `${functions}/let-go`)).toMatchObject({ status: 204 });
      expect(await api.get(`${functions}/let-go/versions`)).toMatchObject({ status: 404 });
      expect((await api.get<Plugin>(`${plugins}/moves-on/versions/1`)).body).toMatchObject({ source: { kind: 'function', name: entity.id } });
    });
  });
}

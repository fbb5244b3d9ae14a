import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Artifact, FunctionEntity, SourceTree } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { type ApiClient, aModule } from './support/api-client.js';
import { startBucket, type TestBucket } from './support/bucket.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let bucket: TestBucket;
let torii: TestControlPlane;
let api: ApiClient;

beforeAll(async () => {
  bucket = await startBucket();
  torii = await startControlPlane({ env: bucket.env });
  api = torii.api;
});
afterAll(async () => {
  await torii?.close();
  await bucket?.close();
});

const wasm = { 'content-type': 'application/wasm' };
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const away = { status: 503, body: { code: 'platform.storage' } };
let modules = 0;
const anotherModule = () => aModule('', `f${++modules}`);

async function countOf(sql: string, ...values: unknown[]): Promise<number | null> {
  return (await torii.database.query(sql, values)).rowCount;
}

function aTree(text: string): SourceTree {
  return { files: [{ path: 'src/index.ts', content: `// ${text}\n`, encoding: 'utf8' }] };
}

async function aFunction(name: string): Promise<FunctionEntity> {
  const body = { language: 'typescript', entry: 'src/index.ts', files: aTree(name).files };
  const answer = await api.send<FunctionEntity>('PUT', `/api/v1/functions/${name}`, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

/** What nodes get. */
async function bytesFor(sha256: string): Promise<{ status: number; bytes: Buffer }> {
  const response = await fetch(`${torii.url}/internal/artifacts/${sha256}`, { headers: { authorization: `Bearer ${torii.nodeToken}` } });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** Cuts S3 off for as long as `work` takes. */
async function withoutS3(work: () => Promise<void>): Promise<void> {
  bucket.relay.cut();
  try {
    await work();
  } finally {
    bucket.relay.restore();
  }
}

describe('a control plane with a bucket', () => {
  it('keeps modules there and not in the database, and gives them to nodes', async () => {
    const bytes = await anotherModule();
    const { sha256 } = await api.upload(bytes);
    expect(sha256Of((await bucket.read(sha256)) ?? Buffer.alloc(0))).toBe(sha256);
    expect(await countOf('SELECT 1 FROM artifact_chunks WHERE sha256 = $1', sha256)).toBe(0);
    expect(await bytesFor(sha256)).toEqual({ status: 200, bytes: Buffer.from(bytes) });
  });

  it('keeps sources there, through every way to change them', async () => {
    const { source } = await aFunction('kept');
    const files = '/api/v1/functions/kept/files';
    expect(JSON.parse((await bucket.read(source.sha256))?.toString() ?? '')).toEqual(aTree('kept'));
    expect(await torii.asNode('GET', `/internal/sources/${source.sha256}`)).toMatchObject({ status: 200, body: aTree('kept') });
    expect(await api.send('PUT', `${files}/lib/a.ts`, 'export {};', { 'content-type': 'text/plain' })).toMatchObject({ status: 201 });
    expect(await api.send('PATCH', '/api/v1/functions/kept', { entry: 'lib/a.ts' })).toMatchObject({ status: 200 });
    expect(await api.send('PATCH', '/api/v1/functions/kept', { entry: 'lib/b.ts' })).toMatchObject({ status: 422 });
    expect(await api.send('DELETE', `${files}/src/index.ts`)).toMatchObject({ status: 204 });
    const { body } = await api.get<SourceTree>(files);
    expect(body.files.map(({ path }) => path)).toEqual(['lib/a.ts']);
  });

  it('begins a function with a template, whose files no body has brought', async () => {
    const made = await api.send<FunctionEntity>('POST', '/api/v1/functions', { name: 'from-template', language: 'wat', template: 'empty' });
    expect(made).toMatchObject({ status: 201 });
    expect(await bucket.read(made.body.source.sha256)).toBeDefined();
  });

  it('loses none of many files that are written to one function at once', async () => {
    await aFunction('busy');
    const paths = Array.from({ length: 12 }, (_, index) => `lib/${String(index).padStart(2, '0')}.ts`);
    const answers = await Promise.all(
      paths.map((path) => api.send('PUT', `/api/v1/functions/busy/files/${path}`, 'export {};', { 'content-type': 'text/plain' })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const { body } = await api.get<SourceTree>('/api/v1/functions/busy/files');
    expect(body.files.map(({ path }) => path)).toEqual([...paths, 'src/index.ts']);
  });
});

describe('while S3 is away', () => {
  it('refuses what needs it with 503, does everything else, and goes on by itself when it is back', async () => {
    const bytes = await anotherModule();
    const known = await api.upload(await anotherModule());
    const { source } = await aFunction('away');
    await withoutS3(async () => {
      const refused = await api.send('POST', '/api/v1/artifacts', bytes, wasm);
      expect(refused).toMatchObject({ ...away, body: { ...away.body, detail: expect.stringContaining('TORII_S3_') } });
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await torii.asNode('PUT', `/internal/artifacts/${sha256Of(bytes)}`, bytes)).toMatchObject(away);
      expect(await torii.asNode('GET', `/internal/artifacts/${known.sha256}`)).toMatchObject(away);
      expect(await torii.asNode('GET', `/internal/sources/${source.sha256}`)).toMatchObject(away);
      const text = { 'content-type': 'text/plain' };
      expect(await api.send('PUT', '/api/v1/functions/away/files/a.ts', 'export {};', text)).toMatchObject(away);
      await eventually(async () =>
        expect(await api.get('/readyz')).toMatchObject({
          status: 503,
          body: { checks: { database: { ok: true }, redis: { ok: true }, storage: { ok: false, store: 's3' } } },
        }),
      );

      const plugin = { source: { kind: 'artifact', sha256: known.sha256 }, functionName: `f${modules}` };
      expect(await api.send('PUT', '/api/v1/plugins/while-away', plugin)).toMatchObject({ status: 201 });
      expect(await api.send('PATCH', '/api/v1/functions/away', { description: 'x' })).toMatchObject({ status: 200 });
      expect(await api.get(`/api/v1/artifacts/${known.sha256}`)).toMatchObject({ status: 200 });
    });
    expect(await api.get(`/api/v1/artifacts/${sha256Of(bytes)}`)).toMatchObject({ status: 404 });
    expect(await api.send('POST', '/api/v1/artifacts', bytes, wasm)).toMatchObject({ status: 201 });
    await eventually(async () =>
      expect(await api.get('/readyz')).toMatchObject({ status: 200, body: { checks: { storage: { ok: true, store: 's3' } } } }),
    );
  });

  it('holds up no other write while it waits for S3', async () => {
    await aFunction('waiting');
    bucket.relay.hang();
    try {
      const text = { 'content-type': 'text/plain' };
      const stuck = api.send('PUT', '/api/v1/functions/waiting/files/a.ts', 'export {};', text);
      await eventually(async () => bucket.relay.isAwaited);
      expect(await api.get('/readyz')).toMatchObject({ status: 503, body: { checks: { storage: { ok: false } } } });
      expect(await api.send('PATCH', '/api/v1/functions/kept', { description: 'meanwhile' })).toMatchObject({ status: 200 });
      bucket.relay.restore();
      expect(await stuck).toMatchObject({ status: 201 });
    } finally {
      bucket.relay.restore();
    }
  });

  it('starts, and says so at /readyz', async () => {
    await withoutS3(async () => {
      const other = await torii.startAnother();
      expect(await other.api.get('/readyz')).toMatchObject({ status: 503, body: { checks: { storage: { ok: false } } } });
      await other.close();
    });
  });
});

describe('an object that is not as it was stored', () => {
  it('is not given out where its bytes are others', async () => {
    const { sha256 } = await api.upload(await anotherModule());
    await bucket.overwrite(sha256, await anotherModule());
    expect(await api.get(`/api/v1/artifacts/${sha256}/content`)).toMatchObject({ ...away, body: { detail: expect.stringContaining('wrong bytes') } });
    const { source } = await aFunction('damaged');
    await bucket.overwrite(source.sha256, Buffer.from('{"files":[]}'));
    expect(await torii.asNode('GET', `/internal/sources/${source.sha256}`)).toMatchObject(away);
  });

  it('is never given out whole where its bytes are others and there are many', async () => {
    const large = withCustomSection(await anotherModule(), 3 * 1024 * 1024);
    const { sha256 } = await api.upload(large);
    const wrong = Buffer.from(large);
    wrong[wrong.length - 1] = 1;
    await bucket.overwrite(sha256, wrong);
    await expect(bytesFor(sha256)).rejects.toThrow();
  });

  it('is there again when it was lost and the same bytes are uploaded', async () => {
    const bytes = await anotherModule();
    const { sha256 } = await api.upload(bytes);
    await bucket.remove(sha256);
    expect(await torii.asNode('GET', `/internal/artifacts/${sha256}`)).toMatchObject({ ...away, body: { detail: expect.stringContaining('lost') } });
    expect(await api.send('POST', '/api/v1/artifacts', bytes, wasm)).toMatchObject({ status: 200 });
    expect((await bytesFor(sha256)).bytes).toEqual(Buffer.from(bytes));
  });
});

describe('a write that ends between object and row', () => {
  it('leaves an object that nothing needs, never a row without its bytes', async () => {
    const bytes = await anotherModule();
    const sha256 = sha256Of(bytes);
    await torii.database.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more rows'; END $$`);
    await torii.database.query('CREATE TRIGGER refuse BEFORE INSERT ON artifacts EXECUTE FUNCTION refuse()');
    try {
      expect(await api.send('POST', '/api/v1/artifacts', bytes, wasm)).toMatchObject({ status: 500 });
    } finally {
      await torii.database.query('DROP FUNCTION refuse() CASCADE');
    }
    expect(await bucket.read(sha256)).toBeDefined();
    expect(await countOf('SELECT 1 FROM object_copies WHERE sha256 = $1', sha256)).toBe(1);
    expect(await api.get(`/api/v1/artifacts/${sha256}`)).toMatchObject({ status: 404 });
    expect(await api.send<Artifact>('POST', '/api/v1/artifacts', bytes, wasm)).toMatchObject({ status: 201 });
    expect((await bytesFor(sha256)).status).toBe(200);
  });
});

/** A module with so many bytes more that mean nothing. */
function withCustomSection(module: Uint8Array, contents: number): Buffer {
  const length: number[] = [];
  for (let left = contents; ; left >>= 7) {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    if (left <= 0x7f) break;
  }
  return Buffer.concat([module, Buffer.from([0, ...length]), Buffer.alloc(contents)]);
}

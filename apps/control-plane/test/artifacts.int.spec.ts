import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Artifact, List } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { describeObjectStores } from './artifacts/object-stores.js';
import { type ApiClient, aModule, importMapGet } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;

beforeAll(async () => {
  torii = await startControlPlane();
  api = torii.api;
});
afterAll(() => torii?.close());

const artifacts = '/api/v1/artifacts';
const wasm = { 'content-type': 'application/wasm' };
const maxBytes = 64 * 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const filesLeft = () => readdir(path.join(torii.home, 'tmp')).catch(() => []);

/** A valid module of that many bytes: the rest is a custom section. */
function aModuleOf(size: number): Uint8Array {
  const bytes = Buffer.alloc(size);
  bytes.set([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0]);
  const contents = size - 14;
  bytes.set(
    [(contents & 0x7f) | 0x80, ((contents >> 7) & 0x7f) | 0x80, ((contents >> 14) & 0x7f) | 0x80, ((contents >> 21) & 0x7f) | 0x80, contents >> 28],
    9,
  );
  return bytes;
}

function chunked(bytes: Uint8Array, repeat: number): ReadableStream<Uint8Array> {
  let left = repeat;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      left -= 1;
      controller.enqueue(bytes);
    },
  });
}

/** As `api.send` does, but without the copies that `fetch` makes of large bodies. */
async function sendFromMemory(bytes: Uint8Array): Promise<{ status: number | undefined; body: unknown }> {
  const headers = { ...wasm, ...api.headers, 'content-length': bytes.length };
  const upload = request(`${torii.url}${artifacts}`, { method: 'POST', headers, signal: AbortSignal.timeout(120_000) });
  upload.end(bytes);
  const [response] = (await once(upload, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await json(response) };
}

/** The sha256 of what is served there, which is never in memory as a whole. */
async function digestAt(at: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const asked = request(`${torii.url}${at}`, { headers, signal: AbortSignal.timeout(120_000) });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const hash = createHash('sha256');
  for await (const chunk of response) hash.update(chunk);
  return hash.digest('hex');
}

describe('POST /api/v1/artifacts', () => {
  it('stores a module by its sha256 and answers its imports and exports', async () => {
    const bytes = await aModule(importMapGet);
    const { status, headers, body } = await api.send<Artifact>('POST', artifacts, bytes, wasm);
    expect(status).toBe(201);
    expect(body).toEqual({
      sha256: sha256(bytes),
      size: bytes.length,
      imports: [{ module: 'env', name: 'proxy_plugin_map_get', kind: 'function', params: ['i64', 'i64'], results: ['i64'] }],
      exports: [
        { name: 'memory', kind: 'memory' },
        { name: 'handle', kind: 'function', params: [], results: ['i32'] },
      ],
      memoryMinBytes: 65_536,
    });
    expect(headers.get('location')).toBe(`${artifacts}/${body.sha256}`);
  });

  it('answers 200 for bytes that are there already, also when many upload them at once', async () => {
    const bytes = await aModule('', 'twice');
    const answers = await Promise.all(Array.from({ length: 4 }, () => api.send('POST', artifacts, bytes, wasm)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
    expect(await api.send('POST', artifacts, bytes, { 'content-type': 'application/octet-stream' })).toMatchObject({ status: 200 });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['text', Buffer.from('hello, this is not Wasm'), /not WebAssembly/],
    ['nothing', new Uint8Array(0), /empty/],
    ['a component', Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]), /component/],
    ['another version', Buffer.from([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]), /version 2/],
    ['a damaged module', Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 200]), /not a valid WebAssembly module/],
    [
      'a module that does not validate',
      Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b]),
      /not a valid WebAssembly module/,
    ],
  ])('refuses %s with 422, saying what it is', async (_, bytes, detail) => {
    const answer = await api.send('POST', artifacts, bytes, wasm);
    expect(answer).toMatchObject({ status: 422, body: { code: 'client.invalid', errors: [{ pointer: '', detail: expect.stringMatching(detail) }] } });
    expect(await api.get(`${artifacts}/${sha256(bytes)}`)).toMatchObject({ status: 404 });
    expect(await filesLeft()).toEqual([]);
  });

  it('takes 64 MiB, and gives the same bytes back', async () => {
    const bytes = aModuleOf(maxBytes);
    const digest = sha256(bytes);
    const stored = await sendFromMemory(bytes);
    expect(stored).toMatchObject({ status: 201, body: { size: maxBytes, sha256: digest } });
    expect(await digestAt(`/internal/artifacts/${digest}`, torii.nodeToken)).toBe(digest);
  });

  it('refuses a byte more with 413, by its length or while it comes, and keeps nothing of it', async () => {
    const tooLarge = { status: 413, body: { code: 'client.body_too_large' } };
    expect(await api.send('POST', artifacts, aModuleOf(maxBytes + 1), wasm)).toMatchObject(tooLarge);
    expect(await api.send('POST', artifacts, chunked(Buffer.alloc(1024 * 1024), 66), wasm)).toMatchObject(tooLarge);
    await eventually(async () => (await filesLeft()).length === 0);
    expect(await api.get('/api/v1/plugins')).toMatchObject({ status: 200 });
  });

  it('refuses other content types with 415', async () => {
    expect(await api.send('POST', artifacts, { a: 1 })).toMatchObject({ status: 415, body: { code: 'client.unsupported_media_type' } });
    expect(await api.send('POST', artifacts, 'x', { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await api.send('POST', '/api/v1/plugins', await aModule(), wasm)).toMatchObject({ status: 415 });
  });

  it('leaves nothing behind when the client goes away in the middle', async () => {
    const { port } = new URL(torii.url);
    await new Promise<void>((resolve) => {
      const upload = request({
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: artifacts,
        headers: { ...wasm, ...api.headers, 'content-length': 1_000_000 },
      });
      upload.on('error', () => resolve());
      upload.write(randomBytes(100_000));
      void eventually(async () => (await filesLeft()).length === 1).then(() => upload.destroy(new Error('gone')));
    });
    await eventually(async () => (await filesLeft()).length === 0);
  });
});

describe('reading artifacts', () => {
  it('answers what is in an artifact, and its bytes', async () => {
    const bytes = await aModule('', 'read');
    const { sha256: digest } = await api.upload(bytes);
    expect(await api.get(`${artifacts}/${digest}`)).toMatchObject({ status: 200, body: { sha256: digest } });
    const response = await fetch(`${torii.url}${artifacts}/${digest}/content`, { headers: api.headers });
    expect(response.headers.get('content-type')).toBe('application/wasm');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    const etag = response.headers.get('etag') ?? '';
    expect(await api.get(`${artifacts}/${digest}/content`, { 'if-none-match': etag })).toMatchObject({ status: 304 });
    for (const suffix of ['', '/content']) expect(await api.get(`${artifacts}/${'c'.repeat(64)}${suffix}`)).toMatchObject({ status: 404 });
  });

  it('lists every artifact once, the newest first', async () => {
    await api.upload(await aModule('', 'newest'));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: List<Artifact> = (await api.get<List<Artifact>>(`${artifacts}?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)).body;
      seen.push(...page.items.map(({ sha256: digest }) => digest));
      cursor = page.nextCursor;
    }
    expect(seen[0]).toBe(sha256(await aModule('', 'newest')));
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('GET /internal/artifacts/{sha256}', () => {
  it('is for the node token alone', async () => {
    const { sha256: digest } = await api.upload(await aModule());
    const asNode = api.withKey(torii.nodeToken);
    expect(await asNode.get(`/internal/artifacts/${digest}`)).toMatchObject({ status: 200 });
    expect(await asNode.get(`/internal/artifacts/${'d'.repeat(64)}`)).toMatchObject({ status: 404 });
    expect(await api.get(`/internal/artifacts/${digest}`)).toMatchObject({ status: 401 });
    expect(await api.withKey(undefined).get(`/internal/artifacts/${digest}`)).toMatchObject({ status: 401 });
    expect(await asNode.get('/api/v1/plugins')).toMatchObject({ status: 401 });
  });
});

describe('where their bytes are kept', () => describeObjectStores(() => torii));

import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type FunctionEntity, type SourceTree, sourceLimits } from '@torii/contracts';
import { aZip, unzip } from '../support/a-zip.js';
import type { ApiClient } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;
let name: string;
let files: string;
let count = 0;

const entry = { path: 'main.wat', content: '(module)', encoding: 'utf8' };
const zip = { 'content-type': 'application/zip' };
const text = { 'content-type': 'text/plain; charset=utf-8' };

const read = async () => (await api.get<SourceTree>(files)).body.files;
const paths = async () => (await read()).map(({ path }) => path);
const etagOf = async () => (await api.get(`/api/v1/functions/${name}`)).headers.get('etag') ?? '';

async function bytesAt(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${torii.url}${path}`, { headers: { ...api.headers, ...headers } });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

export function describeFiles(running: () => TestControlPlane): void {
  beforeAll(() => {
    torii = running();
    api = torii.api;
  });

  beforeEach(async () => {
    count += 1;
    name = `f-${count}`;
    files = `/api/v1/functions/${name}/files`;
    const body = { language: 'wat', files: [entry, { path: 'lib/a.txt', content: 'a' }] };
    expect(await api.send('PUT', `/api/v1/functions/${name}`, body)).toMatchObject({ status: 201 });
  });

  describe('GET /files', () => {
    it('answers every file, sorted by path, with the ETag of the function', async () => {
      const { status, headers, body } = await api.get<SourceTree>(files);
      expect({ status, body }).toEqual({ status: 200, body: { files: [{ path: 'lib/a.txt', content: 'a', encoding: 'utf8' }, entry] } });
      expect(headers.get('etag')).toBe(await etagOf());
      expect(await api.get(files, { 'if-none-match': await etagOf() })).toMatchObject({ status: 304 });
    });

    it('answers a zip where that is what the caller accepts', async () => {
      const { status, headers, bytes } = await bytesAt(files, { accept: 'application/zip' });
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('application/zip');
      expect(headers.get('content-disposition')).toBe(`attachment; filename="${name}.zip"`);
      expect(await unzip(bytes)).toEqual({ 'lib/a.txt': Buffer.from('a'), 'main.wat': Buffer.from('(module)') });
      expect((await bytesAt(files, { accept: 'application/json, application/zip' })).headers.get('content-type')).toContain('application/json');
    });
  });

  describe('PUT /files', () => {
    it('replaces all files', async () => {
      const etag = await etagOf();
      const answer = await api.send<FunctionEntity>('PUT', files, { files: [entry, { path: 'new.txt', content: 'n' }] }, { 'if-match': etag });
      expect(answer).toMatchObject({ status: 200, body: { name, source: { files: 2, bytes: 9 } } });
      expect(answer.headers.get('etag')).toBe(await etagOf());
      expect(await paths()).toEqual(['main.wat', 'new.txt']);
      expect(await api.send('PUT', files, { files: [entry] }, { 'if-match': etag })).toMatchObject({ status: 412 });
      expect(await paths()).toHaveLength(2);
    });

    it('takes back what it answers, as JSON and as a zip, and then changes nothing', async () => {
      const etag = await etagOf();
      await api.send('PUT', files, { files: await read() });
      expect(await etagOf()).toBe(etag);
      const { bytes } = await bytesAt(files, { accept: 'application/zip' });
      expect(await api.send('PUT', files, bytes, zip)).toMatchObject({ status: 200 });
      expect(await etagOf()).toBe(etag);
    });

    it('keeps the folders of a zip, also one around all, and skips entries of folders', async () => {
      const archive = await aZip([
        { path: 'main.wat', content: '(module)' },
        { path: 'top/', content: '' },
        { path: 'top/data.bin', content: Buffer.from([0, 255]) },
      ]);
      expect(await api.send('PUT', files, archive, zip)).toMatchObject({ status: 200, body: { source: { files: 2, bytes: 10 } } });
      expect(await paths()).toEqual(['main.wat', 'top/data.bin']);
    });

    it.each<[string, object, object]>([
      ['no files', {}, { pointer: '/files' }],
      ['an unknown field', { files: [entry], name: 'x' }, { pointer: '/name', code: 'unknown_field' }],
      ['no entry', { files: [{ path: 'a', content: '' }] }, { pointer: '/files' }],
      ['a path that leads out', { files: [entry, { path: '../a', content: '' }] }, { pointer: '/files/1/path' }],
    ])('refuses JSON with %s', async (_, body, issue) => {
      expect(await api.send('PUT', files, body)).toMatchObject({ status: 422, body: { errors: [issue] } });
      expect(await paths()).toHaveLength(2);
    });

    const main = { path: 'main.wat', content: '(module)' };
    it.each<[string, () => Promise<Uint8Array>, RegExp]>([
      ['traversal', () => aZip([main, { path: 'aa/bad', content: 'x' }], { 'aa/bad': '../bad' }), /\.\.\/bad/],
      ['an absolute path', () => aZip([main, { path: 'aa/bad', content: 'x' }], { 'aa/bad': '/a/bad' }), /\/a\/bad/],
      ['a backslash', () => aZip([main, { path: 'aa/bad', content: 'x' }], { 'aa/bad': 'aa\\bad' }), /aa\\bad/],
      ['a drive', () => aZip([main, { path: 'aa/bad', content: 'x' }], { 'aa/bad': 'C:/bad' }), /C:\/bad/],
      ['a symlink', () => aZip([main, { path: 'link', content: '/etc/passwd', mode: 0o120777 }]), /"link" is a link/],
      ['a device', () => aZip([main, { path: 'tty', content: '', mode: 0o020666 }]), /"tty" is a link or another special file/],
      ['node_modules', () => aZip([main, { path: 'node_modules/a.js', content: '' }]), /node_modules\/a\.js/],
      ['a file twice', () => aZip([main, { path: 'aaa', content: '1' }, { path: 'bbb', content: '2' }], { bbb: 'aaa' }), /"aaa" is there twice/],
      ['a file that is a folder', () => aZip([main, { path: 'a', content: '1' }, { path: 'a/b', content: '2' }]), /folder/],
      [
        'too many files',
        () => aZip(Array.from({ length: sourceLimits.filesMax + 1 }, (_, index) => ({ path: `f${index}`, content: '' }))),
        /"f500" is number 501/,
      ],
      ['a bomb in one file', () => aZip([main, { path: 'bomb', content: Buffer.alloc(sourceLimits.fileMaxBytes + 1) }]), /"bomb" has \d+ bytes/],
      [
        'a bomb in many files',
        () => aZip([main, ...['a', 'b', 'c'].map((path) => ({ path, content: Buffer.alloc(sourceLimits.fileMaxBytes) }))]),
        /up to "c" have \d+ bytes/,
      ],
      [
        'a file larger than it says',
        async () => shrinkDeclared(await aZip([main, { path: 'liar', content: Buffer.alloc(100_000) }]), 100_000),
        /"liar"/,
      ],
      ['a damaged file', async () => spoil(await aZip([{ path: 'main.wat', content: 'x'.repeat(10) }])), /"main\.wat"/],
      ['an encrypted file', async () => encrypt(await aZip([main])), /"main\.wat" is encrypted/],
      ['no zip at all', async () => Buffer.from('this is no archive'), /cannot be read/],
      ['nothing', async () => new Uint8Array(0), /cannot be read/],
      ['no entry to begin with', () => aZip([{ path: 'other', content: '' }]), /main\.wat/],
    ])('refuses a zip with %s, naming the entry, and keeps the files', async (_, archive, detail) => {
      const answer = await api.send('PUT', files, await archive(), zip);
      expect(answer).toMatchObject({ status: 422, body: { code: 'client.invalid', detail: expect.stringMatching(detail) } });
      expect(await paths()).toHaveLength(2);
    });

    it('refuses an archive that is too large with 413, and other content types with 415', async () => {
      expect(await api.send('PUT', files, Buffer.alloc(9 * 1024 * 1024), zip)).toMatchObject({
        status: 413,
        body: { code: 'client.body_too_large' },
      });
      expect(await api.send('PUT', files, 'x', { 'content-type': 'application/x-tar' })).toMatchObject({ status: 415 });
      expect(await api.send('PUT', files, '{', { 'content-type': 'application/json' })).toMatchObject({ status: 400 });
      expect(await api.send('PUT', `/api/v1/functions/${name}`, await aZip([main]), zip)).toMatchObject({ status: 415 });
      expect(await paths()).toHaveLength(2);
    });
  });

  describe('one file', () => {
    it('comes back byte for byte, whatever its content type said', async () => {
      for (const [path, bytes, type, answered] of [
        ['src/deep/b.ts', Buffer.from('héllo\r\n'), 'text/plain', 'text/plain; charset=utf-8'],
        ['package.json', Buffer.from('{ "not":  normalised }'), 'application/json', 'text/plain; charset=utf-8'],
        ['blob', Buffer.from([0, 1, 254, 255]), 'application/octet-stream', 'application/octet-stream'],
        ['with bom.txt', Buffer.from('\ufeffx'), 'text/x-anything', 'text/plain; charset=utf-8'],
        ['module.wasm', Buffer.from([0, 0x61, 0x73, 0x6d]), 'application/wasm', 'application/octet-stream'],
      ] as const) {
        const url = `${files}/${encodeURI(path)}`;
        expect(await api.send('PUT', url, bytes, { 'content-type': type })).toMatchObject({ status: 201, body: { name } });
        expect(await api.send('PUT', url, bytes, { 'content-type': type })).toMatchObject({ status: 200 });
        const got = await bytesAt(url);
        expect(got).toMatchObject({ status: 200, bytes });
        expect(got.headers.get('content-type')).toBe(answered);
        expect(got.headers.get('x-content-type-options')).toBe('nosniff');
      }
      expect(await paths()).toEqual(['blob', 'lib/a.txt', 'main.wat', 'module.wasm', 'package.json', 'src/deep/b.ts', 'with bom.txt']);
    });

    it('may be empty, and have a path of 255 characters', async () => {
      expect(await api.send('PUT', `${files}/empty`)).toMatchObject({ status: 201 });
      const long = `${'a'.repeat(120)}/${'b'.repeat(120)}/${'c'.repeat(13)}`;
      expect(await api.send('PUT', `${files}/${long}`, 'x', text)).toMatchObject({ status: 201 });
      expect(await bytesAt(`${files}/empty`)).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
      expect(await bytesAt(`${files}/${long}`)).toMatchObject({ status: 200, bytes: Buffer.from('x') });
    });

    it('is written and deleted only while the function has the ETag of If-Match', async () => {
      const stale = { 'if-match': await etagOf() };
      const put = await api.send('PUT', `${files}/lib/a.txt`, 'b', { ...text, ...stale });
      expect(put).toMatchObject({ status: 200 });
      const fresh = { 'if-match': put.headers.get('etag') ?? '' };
      expect(await api.send('PUT', `${files}/lib/a.txt`, 'c', { ...text, ...stale })).toMatchObject({ status: 412 });
      expect(await api.send('DELETE', `${files}/lib/a.txt`, undefined, stale)).toMatchObject({ status: 412 });
      expect(await api.send('DELETE', `${files}/lib/a.txt`, undefined, fresh)).toMatchObject({ status: 204 });
      expect(await paths()).toEqual(['main.wat']);
    });

    it('is refused with 422 at a path that no function may have, and with 413 when it is too large', async () => {
      for (const path of ['..%2fx', '%2e%2e%2fx', 'a//b', '.git/config', 'a%5cb', 'a.', 'x'.repeat(129), `${'a/'.repeat(130)}b`]) {
        expect(await api.send('PUT', `${files}/${path}`, 'x', text)).toMatchObject({ status: 422, body: { errors: [{ pointer: '' }] } });
      }
      const large = Buffer.alloc(sourceLimits.fileMaxBytes + 1, 'x');
      expect(await api.send('PUT', `${files}/large`, large, text)).toMatchObject({
        status: 413,
        body: { detail: expect.stringContaining(`${sourceLimits.fileMaxBytes}`) },
      });
      expect(await paths()).toHaveLength(2);
    });

    it('is refused with 409 where another is in the way, and while builds begin with it', async () => {
      for (const path of ['lib', 'LIB/A.txt', 'main.wat/x'])
        expect(await api.send('PUT', `${files}/${path}`, 'x', text)).toMatchObject({ status: 409 });
      expect(await api.send('DELETE', `${files}/main.wat`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('entry') } });
      for (const index of [1, 2]) await api.send('PUT', `${files}/big${index}`, Buffer.alloc(sourceLimits.fileMaxBytes, 'x'), text);
      expect(await api.send('PUT', `${files}/big3`, Buffer.alloc(sourceLimits.fileMaxBytes, 'x'), text)).toMatchObject({
        status: 409,
        body: { detail: expect.stringContaining(`${sourceLimits.totalMaxBytes}`) },
      });
    });

    it('is answered 404 when it is not there', async () => {
      for (const path of ['nope', '..%2fmain.wat', 'a%00b', 'lib']) {
        expect(await api.get(`${files}/${path}`)).toMatchObject({ status: 404, body: { code: 'client.not_found' } });
        if (path !== 'a%00b') expect(await api.send('DELETE', `${files}/${path}`)).toMatchObject({ status: 404 });
      }
      expect(await api.send('PUT', '/api/v1/functions/nowhere/files/a', 'x', text)).toMatchObject({ status: 404 });
      expect(await api.get(`${files}/nope`, { 'if-none-match': await etagOf() })).toMatchObject({ status: 404 });
      expect(await api.get(`${files}/lib/a.txt`, { 'if-none-match': await etagOf() })).toMatchObject({ status: 304 });
    });

    it('is not lost when many are written at once', async () => {
      const names = Array.from({ length: 12 }, (_, index) => `at-once-${index}`);
      const answers = await Promise.all(names.map((path) => api.send('PUT', `${files}/${path}`, path, text)));
      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201));
      expect(await paths()).toEqual(expect.arrayContaining(names));
    });
  });
}

const centralSignature = Buffer.from([0x50, 0x4b, 1, 2]);

/** Says in both headers of an entry that it has far fewer bytes than it unpacks to. */
function shrinkDeclared(archive: Buffer, size: number): Buffer {
  const copy = Buffer.from(archive);
  const declared = Buffer.alloc(4);
  declared.writeUInt32LE(size);
  for (let at = copy.indexOf(declared); at >= 0; at = copy.indexOf(declared, at + 1)) copy.writeUInt32LE(10, at);
  return copy;
}

/** Changes the checksum of the first entry. */
function spoil(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  copy.writeUInt32LE(1, copy.indexOf(centralSignature) + 16);
  return copy;
}

/** Says that the first entry is encrypted. */
function encrypt(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  const at = copy.indexOf(centralSignature) + 8;
  copy.writeUInt16LE(copy.readUInt16LE(at) | 1, at);
  return copy;
}

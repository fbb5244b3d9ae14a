import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { download, verifySha256 } from './download.mjs';
import { unpack } from './go.mjs';
import { runCommand } from './run-command.mjs';
import { ToolchainFolder } from './toolchain-folder.mjs';
import { readZip } from './zip-archive.mjs';

const root = mkdtempSync(path.join(tmpdir(), 'torii-toolchains-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => {
  const folder = path.join(root, String(++folders));
  mkdirSync(folder);
  return folder;
};

/** A zip archive as PKWARE's APPNOTE describes it, of these files. */
function zipOf(files, { size = (content) => content.length } = {}) {
  const parts = [];
  const entries = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const packed = deflateRawSync(content);
    const fields = Buffer.alloc(22);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(size(content), 18);
    const nameBytes = Buffer.from(name);
    const lengths = Buffer.alloc(4);
    lengths.writeUInt16LE(nameBytes.length, 0);
    parts.push(Buffer.from('504b0304', 'hex'), fields, lengths, nameBytes, packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    entries.push(Buffer.from('504b01021400', 'hex'), fields, lengths, rest, nameBytes);
    at += 30 + nameBytes.length + packed.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}

const limits = { filesMax: 10, totalMaxBytes: 1_000 };

describe('readZip', () => {
  it('reads every file', () => {
    const files = [...readZip(zipOf({ a: 'one', 'b/c': '' }), limits)].map(({ name, content }) => [name, String(content)]);
    expect(files).toEqual([
      ['a', 'one'],
      ['b/c', ''],
    ]);
  });

  it.each([
    ['no archive', Buffer.from('hello'), 'this is no zip archive'],
    ['a damaged file', zipOf({ a: 'one' }, { size: () => 2 }), /./],
    ['more than it may unpack to', zipOf({ a: 'x'.repeat(2_000) }), 'unpacks to more than 1000 bytes'],
    ['a size that is a lie', zipOf({ a: 'x'.repeat(5_000) }, { size: () => 10 }), /./],
    ['too many files', zipOf(Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`f${index}`, '']))), 'more than 10 files'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => [...readZip(bytes, limits)]).toThrow(message);
  });
});

describe('unpack', () => {
  const prefix = 'golang.org/toolchain@v0.0.1-go1.0.0.linux-amd64/';
  /** As `dirhash.Hash1` of golang.org/x/mod makes it. */
  const hashOf = (files) => {
    const lines = Object.keys(files)
      .sort()
      .map((name) => `${createHash('sha256').update(files[name]).digest('hex')}  ${name}\n`);
    return `h1:${createHash('sha256').update(lines.join('')).digest('base64')}`;
  };
  const archiveOf = (files) => {
    const file = path.join(newFolder(), 'go.zip');
    writeFileSync(file, zipOf(files));
    return file;
  };

  it('makes programs of what are programs, and gives files their names back', () => {
    const files = { [`${prefix}bin/go`]: 'go', [`${prefix}src/_go.mod`]: 'module std', [`${prefix}lib/time`]: 'x' };
    const folder = newFolder();
    unpack(archiveOf(files), { folder, prefix, hash: hashOf(files) });
    expect(statSync(path.join(folder, 'bin/go')).mode & 0o111).not.toBe(0);
    expect(statSync(path.join(folder, 'lib/time')).mode & 0o111).toBe(0);
    expect(readFileSync(path.join(folder, 'src/go.mod'), 'utf8')).toBe('module std');
  });

  it('refuses an archive with another hash, and throws it away', () => {
    const file = archiveOf({ [`${prefix}bin/go`]: 'something else' });
    expect(() => unpack(file, { folder: newFolder(), prefix, hash: hashOf({ [`${prefix}bin/go`]: 'go' }) })).toThrow('its hash differs');
    expect(existsSync(file)).toBe(false);
  });

  it.each([`${prefix}../../escaped`, '/etc/escaped', `${prefix}a\\..\\b`, 'other/file'])('writes nothing outside of its folder: %s', (name) => {
    const files = { [name]: 'x' };
    const folder = newFolder();
    expect(() => unpack(archiveOf(files), { folder, prefix, hash: hashOf(files) })).toThrow('cannot be unpacked');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('download', () => {
  const content = Buffer.from('0123456789');
  let server;
  let ranges;
  const serve = async (answer) => {
    ranges = [];
    server = createServer((request, response) => {
      ranges.push(request.headers.range);
      answer(request, response);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${server.address().port}/file.tar`;
  };
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });
  const fetchTo = (url, file, more = {}) =>
    download({ url, file, maxBytes: 100, advice: 'try a mirror', signal: new AbortController().signal, say: () => {}, ...more });

  it('goes on where the last try was cut off', async () => {
    const file = path.join(newFolder(), 'file.tar');
    const url = await serve((request, response) => {
      if (request.headers.range === undefined) {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 4));
        const timer = setInterval(() => {
          if (!existsSync(`${file}.part`) || statSync(`${file}.part`).size < 4) return;
          clearInterval(timer);
          response.destroy();
        }, 5);
        return;
      }
      const begin = Number(/bytes=(\d+)-/.exec(request.headers.range)[1]);
      response.writeHead(206, { 'content-length': content.length - begin }).end(content.subarray(begin));
    });
    await expect(fetchTo(url, file)).rejects.toThrow('try a mirror');
    expect(existsSync(file)).toBe(false);
    await fetchTo(url, file);
    expect(readFileSync(file)).toEqual(content);
    expect(ranges).toEqual([undefined, 'bytes=4-']);
    await verifySha256(file, createHash('sha256').update(content).digest('hex'));
  });

  it.each([
    ['is not there', (_, response) => response.writeHead(404).end(), /404 for file\.tar/],
    ['is larger than it may be', (_, response) => response.end(Buffer.alloc(200)), /larger than/],
  ])('says in one line what is wrong when it %s', async (_, answer, message) => {
    const failure = await fetchTo(await serve(answer), path.join(newFolder(), 'file')).catch((error) => error);
    expect(failure.message).toMatch(message);
    expect(failure.message).toContain('try a mirror');
    expect(failure.message).not.toContain('\n');
  });

  it('says so when the address cannot be reached', async () => {
    const url = await serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    await expect(fetchTo(url, path.join(newFolder(), 'file'))).rejects.toThrow('(ECONNREFUSED): try a mirror');
  });

  it('throws away what is not what it must be', async () => {
    const file = path.join(newFolder(), 'file');
    writeFileSync(file, 'forged');
    await expect(verifySha256(file, '0'.repeat(64))).rejects.toThrow('its sha256 differs');
    expect(existsSync(file)).toBe(false);
  });
});

describe('ToolchainFolder', () => {
  it('keeps the old toolchain when the new one cannot be made, and what was downloaded for the next try', async () => {
    const folder = new ToolchainFolder(newFolder());
    await folder.fill('go', async () => ({ version: '1', bin: 'bin' }));
    const failing = folder.fill('go', async ({ folder: place, downloads }) => {
      writeFileSync(path.join(place, 'half'), '');
      writeFileSync(path.join(downloads, 'archive'), '');
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    expect(folder.read('go')).toEqual({ name: 'go', version: '1', bin: 'bin' });
    await folder.fill('go', async ({ downloads }) => ({ version: String(readdirSync(downloads)), bin: 'bin' }));
    expect(folder.read('go')).toEqual({ name: 'go', version: 'archive', bin: 'bin' });
    expect(readdirSync(folder.pathOf('go'))).toEqual(['toolchain.json']);
    expect(folder.remove('go')).toBe(true);
    expect(folder.read('go')).toBeUndefined();
  });
});

describe('toolchains', () => {
  const run = (args, more = {}) => runCommand(args, { home: newFolder(), env: {}, signal: new AbortController().signal, ...more });

  it.each([
    [[], /npm run toolchains -- list/],
    [['add'], /nothing is not a toolchain/],
    [['add', 'cobol'], /cobol is not a toolchain.*go, rust, bubblewrap/],
    [['add', 'constructor'], /not a toolchain/],
    [['add', 'go', 'rust'], /npm run toolchains/],
  ])('says how it is used for %j', async (args, message) => {
    await expect(run(args)).rejects.toThrow(message);
  });

  it.each([
    ['go', 'linux-riscv64', /https:\/\/go\.dev\/dl/],
    ['rust', 'sunos-x64', /no known archive of Rust for sunos-x64/],
    ['bubblewrap', 'darwin-arm64', /needs Linux/],
  ])('says what to do instead where %s cannot be fetched', async (name, platform, message) => {
    await expect(run(['add', name], { platform })).rejects.toThrow(message);
  });

  it('says which setting names a mirror when the place of an archive does not answer', async () => {
    const server = createServer((_request, response) => response.writeHead(404).end());
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const mirror = `http://127.0.0.1:${server.address().port}`;
    const env = { GOPROXY: `${mirror},direct`, RUSTUP_DIST_SERVER: mirror };
    await expect(run(['add', 'go'], { platform: 'linux-x64', env })).rejects.toThrow('set GOPROXY');
    await expect(run(['add', 'rust'], { platform: 'linux-x64', env })).rejects.toThrow('set RUSTUP_DIST_SERVER');
    server.close();
    await expect(run(['add', 'go'], { platform: 'linux-x64', env: { GOPROXY: 'off' } })).rejects.toThrow('GOPROXY is off');
  });
});

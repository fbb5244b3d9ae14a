import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { artifactMaxBytes } from '@torii/contracts';
import { Secret } from '@torii/service-kit';
import { ArtifactCache, type ArtifactCacheOptions } from '../src/artifact-cache.js';
import { sha256 } from '../src/snapshot-digest.js';
import { silent } from './redis-connection.js';

const bytes = Buffer.from('the bytes of a module');
const digest = sha256(bytes);
const token = 'a-node-token-of-some-length';
let directory: string;
let server: Server;
let requests: string[];
let answer: RequestListener;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'torii-artifacts-'));
  requests = [];
  answer = (_request, response) => response.end(bytes);
  server = createServer((request, response) => {
    requests.push(`${request.headers.authorization} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

function openCache(change: Partial<ArtifactCacheOptions> = {}): ArtifactCache {
  return new ArtifactCache({
    directory,
    maxBytes: 1024 * 1024,
    controlPlaneUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    nodeToken: new Secret(token),
    fetchTimeoutMs: 60_000,
    log: silent,
    ...change,
  });
}

describe('ArtifactCache', () => {
  it('fetches an artifact once, with the node token, and keeps it on disk', async () => {
    const cache = openCache();
    expect(Buffer.from(await cache.get(digest))).toEqual(bytes);
    expect(Buffer.from(await cache.get(digest))).toEqual(bytes);
    expect(requests).toEqual([`Bearer ${token} /internal/artifacts/${digest}`]);
    expect(await readdir(directory)).toEqual([digest]);
    expect((await stat(path.join(directory, digest))).mode & 0o777).toBe(0o600);
  });

  it('answers from disk while the control plane is away', async () => {
    await openCache().get(digest);
    const alone = openCache({ controlPlaneUrl: 'http://127.0.0.1:1' });
    expect(Buffer.from(await alone.get(digest))).toEqual(bytes);
  });

  it('fetches a damaged file again', async () => {
    const cache = openCache();
    await cache.get(digest);
    await writeFile(path.join(directory, digest), 'half a mod');
    expect(Buffer.from(await cache.get(digest))).toEqual(bytes);
    expect(requests).toHaveLength(2);
    expect(await readFile(path.join(directory, digest))).toEqual(bytes);
  });

  it('refuses other bytes than asked for, and does not keep them', async () => {
    answer = (_request, response) => response.end('something else');
    await expect(openCache().get(digest)).rejects.toMatchObject({ code: 'config.digest_mismatch' });
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([401, 404, 500])('says that the artifact is unknown when the control plane answers %i', async (status) => {
    answer = (_request, response) => response.writeHead(status).end('no');
    await expect(openCache().get(digest)).rejects.toMatchObject({ code: 'config.unknown_artifact', detail: expect.stringContaining(String(status)) });
  });

  it('does not follow a redirect, which would take the node token elsewhere', async () => {
    answer = (_request, response) => response.writeHead(302, { location: `/elsewhere` }).end();
    await expect(openCache().get(digest)).rejects.toMatchObject({ code: 'config.unknown_artifact' });
    expect(requests).toHaveLength(1);
  });

  it('gives up on a control plane that is away, silent, or stops half-way', async () => {
    await expect(openCache({ controlPlaneUrl: 'http://127.0.0.1:1' }).get(digest)).rejects.toMatchObject({ code: 'config.unknown_artifact' });
    answer = () => undefined;
    await expect(openCache({ fetchTimeoutMs: 50 }).get(digest)).rejects.toMatchObject({ code: 'config.unknown_artifact' });
    answer = (_request, response) => void response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 3));
    await expect(openCache({ fetchTimeoutMs: 50 }).get(digest)).rejects.toMatchObject({ code: 'config.unknown_artifact' });
    expect(await readdir(directory)).toEqual([]);
  });

  it('stops reading an artifact that is larger than any may be', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    let sentBytes = 0;
    answer = (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && sentBytes < 2 * artifactMaxBytes) {
          sentBytes += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    };
    await expect(openCache().get(digest)).rejects.toMatchObject({ code: 'config.unknown_artifact' });
    expect(sentBytes).toBeLessThan(2 * artifactMaxBytes);
  });

  it('works without a disk that can be written', async () => {
    const file = path.join(directory, 'a-file');
    await writeFile(file, '');
    expect(Buffer.from(await openCache({ directory: path.join(file, 'below') }).get(digest))).toEqual(bytes);
  });

  it('gives up the least recently used artifacts when the folder is full, never the newest', async () => {
    const modules = new Map(['one', 'two', 'three'].map((text) => [sha256(text), Buffer.from(text.padEnd(5))]));
    const named = [...modules.values()].map((module) => [sha256(module), module] as const);
    answer = (request, response) => response.end(named.find(([name]) => request.url?.endsWith(name))?.[1]);
    const cache = openCache({ maxBytes: 12 });
    const [one, two, three] = named.map(([name]) => name);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three modules');
    await cache.get(one);
    await cache.get(two);
    const longAgo = new Date(0);
    await utimes(path.join(directory, one), longAgo, longAgo);
    await utimes(path.join(directory, two), longAgo, longAgo);
    await cache.get(one); // used again
    await cache.get(three);
    expect((await readdir(directory)).sort()).toEqual([one, three].sort());
    await openCache({ maxBytes: 1 }).get(two);
    expect(await readdir(directory)).toEqual([two]);
  });
});

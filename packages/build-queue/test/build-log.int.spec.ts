import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type BuildId, type BuildLogEntry, buildLogLimits } from '@torii/contracts';
import { systemClock } from '@torii/service-kit';
import { eventually, startOwnRedis, testRedis } from '@torii/test-kit';
import { type BuildKeys, BuildLogReader, BuildLogWriter, buildKeys, type StoredEntry } from '../src/index.js';
import { aBuildId } from './a-build.js';
import { type Connections, connect } from './connections.js';

const at = '2026-01-31T12:00:00.000Z';
const line = (text: string): BuildLogEntry => ({ type: 'line', at, stream: 'stdout', text });
const textOf = ({ entry }: StoredEntry): string => (entry.type === 'line' ? entry.text : entry.type);

describe('the log of a build', () => {
  let connections: Connections;
  let keys: BuildKeys;
  let reader: BuildLogReader;
  let buildId: BuildId;
  const writer = (): BuildLogWriter => new BuildLogWriter(connections.redis, keys, buildId, systemClock);

  beforeEach(async () => {
    const { url, keyPrefix } = testRedis();
    connections = await connect(url);
    keys = buildKeys(keyPrefix);
    reader = new BuildLogReader({ ...connections, keys });
    buildId = aBuildId();
  });
  afterEach(() => {
    reader.close();
    connections.close();
  });

  async function follow(after?: string): Promise<StoredEntry[]> {
    const read: StoredEntry[] = [];
    for await (const stored of reader.read(buildId, { signal: AbortSignal.timeout(120_000), ...(after === undefined ? {} : { after }) }))
      read.push(stored);
    return read;
  }

  it('is read whole, in order and to its end by whoever follows it, from before its first line or from any line on', async () => {
    const early = follow();
    const log = writer();
    log.append({ type: 'stage', at, stage: 'compiling' });
    for (let i = 0; i < 1_200; i++) log.append(line(`line ${i}`));
    log.end('succeeded');
    await log.close();
    const all = await early;
    expect(all.map(textOf)).toEqual(['stage', ...Array.from({ length: 1_200 }, (_, i) => `line ${i}`), 'end']);
    expect(await reader.readAll(buildId)).toEqual(all);
    expect(await follow(all[700]?.id)).toEqual(all.slice(701));
    expect(await follow('not an id')).toEqual(all);
  });

  it('wakes who follows it by a ring, long before it would look again', async () => {
    const log = writer();
    const read = reader.read(buildId, { signal: AbortSignal.timeout(120_000), blockMs: 600_000 });
    const first = read.next();
    log.append(line('hello'));
    expect((await first).value).toMatchObject({ entry: { text: 'hello' } });
    await read.return();
    await log.close();
  });

  it('stops reading when the reader is gone', async () => {
    const gone = new AbortController();
    const read = reader.read(buildId, { signal: gone.signal, blockMs: 600_000 });
    const next = read.next();
    gone.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('cuts a long line between two characters and says so', async () => {
    const log = writer();
    log.append(line('é'.repeat(buildLogLimits.lineMaxBytes)));
    await log.close();
    const [text = ''] = (await reader.readAll(buildId)).map(textOf);
    expect(text).toMatch(/^é+ …\(cut\)$/);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(buildLogLimits.lineMaxBytes);
  });

  it('holds no more than its limits over all attempts, says once that it is full, and still tells stages and end', async () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const log = writer();
      for (let i = 0; i < buildLogLimits.linesMax + 500; i++) log.append(line('x'));
      log.append({ type: 'stage', at, stage: 'smoke' });
      await log.close();
    }
    const last = writer();
    last.append(line('one more'));
    last.end('failed');
    await last.close();
    const texts = (await reader.readAll(buildId)).map(textOf);
    expect(texts.filter((text) => text === 'stage')).toHaveLength(2);
    expect(texts.at(-1)).toBe('end');
    expect(texts.filter((text) => text === 'x').length).toBeLessThanOrEqual(buildLogLimits.linesMax);
    expect(texts.filter((text) => text.includes('the log is full'))).toHaveLength(1);
    expect(texts).not.toContain('one more');
  });

  it('holds no more than its limit of bytes', async () => {
    const log = writer();
    for (let i = 0; i < 2_000; i++) log.append(line('y'.repeat(2_000)));
    await log.close();
    const bytes = (await reader.readAll(buildId)).reduce((sum, stored) => sum + textOf(stored).length, 0);
    expect(bytes).toBeLessThanOrEqual(buildLogLimits.totalMaxBytes + 100);
    expect(bytes).toBeGreaterThan(buildLogLimits.totalMaxBytes / 2);
  });

  it('gets nothing more from a writer that was told to forget what it has not written', async () => {
    const log = writer();
    log.append(line('hello'));
    log.discard();
    log.append(line('again'));
    await log.close();
    expect(await reader.readAll(buildId)).toEqual([]);
    expect(await connections.redis.exists(keys.log(buildId))).toBe(0);
  });

  it('goes soon after it is kept elsewhere', async () => {
    const log = writer();
    log.append(line('hello'));
    await log.close();
    await reader.expire(buildId);
    expect(await connections.redis.ttl(keys.log(buildId))).toBeLessThanOrEqual(60);
  });

  it('loses nothing that was appended while Redis was away for a while', async () => {
    const server = await startOwnRedis();
    const own = await connect(server.url);
    const log = new BuildLogWriter(own.redis, keys, buildId, systemClock);
    const ownReader = new BuildLogReader({ ...own, keys });
    try {
      log.append(line('before'));
      await server.stop();
      log.append(line('meanwhile'));
      await server.start();
      log.append(line('after'));
      log.end('succeeded');
      const texts = await eventually(async () => {
        const read = (await ownReader.readAll(buildId)).map(textOf);
        return read.at(-1) === 'end' && read;
      });
      expect(texts).toEqual(['before', 'meanwhile', 'after', 'end']);
    } finally {
      await log.close();
      ownReader.close();
      own.close();
      await server.stop();
    }
  });
});

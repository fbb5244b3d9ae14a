import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type NameServer, startNameServer } from '../../test/a-name-server.js';
import { type RawServer, startRawServer } from '../../test/a-raw-server.js';
import { TestEgress } from '../../test/an-egress.js';
import type { EgressOptions, EgressRequest } from './egress.js';
import { PinnedPools } from './pinned-pools.js';

const egresses = new TestEgress();
let names: NameServer;
let server: RawServer;
/** Calls that wait for `answerAll`. */
let held: { readonly path: string; readonly socket: Socket }[];

const answer = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** `/held` is answered by `answerAll`, `/bytes/<n>` with so many bytes of which the last is held too, anything else at once. */
beforeEach(async () => {
  held = [];
  names = await startNameServer((_name, type) => (type === 'A' ? [{ type, value: '127.0.0.1' }] : []));
  server = await startRawServer((socket, request) => {
    const path = request.split(' ')[1] ?? '';
    const bytes = Number(/^\/bytes\/(\d+)/.exec(path)?.[1] ?? 0);
    if (bytes > 0) socket.write(answer('x'.repeat(bytes)).slice(0, -1));
    if (bytes > 0 || path === '/held') held.push({ path, socket });
    else socket.write(answer('done'));
  });
});

afterEach(async () => {
  await egresses.close();
  await names.close();
  await server.close();
});

async function holds(count: number, wanted?: string): Promise<void> {
  while (held.filter(({ path }) => wanted === undefined || path === wanted).length < count) await new Promise((resolve) => setTimeout(resolve, 1));
}

function answerAll(last = answer('late')): void {
  for (const { socket } of held.splice(0)) socket.write(last);
}

function open(options: Partial<EgressOptions>): (pluginId: string, path?: string, part?: Partial<EgressRequest>) => Promise<string> {
  const ask = egresses.open({ dnsServers: [names.address], queueWaitMs: 0, ...options }, { allowedHosts: [`api.test:${server.port}`] });
  return (pluginId, path = '/', part = {}) => ask({ pluginId, url: `http://api.test:${server.port}${path}`, ...part });
}

describe('calls under way', () => {
  it('of one plugin are a quarter of the thread, and leave the rest to others', async () => {
    const request = open({ maxConcurrent: 8 });
    const pending = [request('greedy', '/held'), request('greedy', '/held')];
    await holds(2);
    expect(await request('greedy')).toBe('busy');
    expect(await request('other')).toBe('200 done');
    answerAll();
    expect(await Promise.all(pending)).toEqual(['200 late', '200 late']);
    expect(await request('greedy')).toBe('200 done');
  });

  it('of all plugins are no more than the thread may have', async () => {
    const request = open({ maxConcurrent: 2, maxConcurrentPerPlugin: 1 });
    const pending = [request('one', '/held'), request('two', '/held')];
    await holds(2);
    expect(await request('three')).toBe('busy');
    answerAll();
    await Promise.all(pending);
    expect(await request('three')).toBe('200 done');
  });

  it('may be waited for, the longest waiting first', async () => {
    const request = open({ maxConcurrent: 8, maxConcurrentPerPlugin: 1, queueWaitMs: 10_000 });
    const first = request('greedy', '/held');
    await holds(1);
    const second = request('greedy', '/held');
    expect(await request('other')).toBe('200 done');
    expect(await request('greedy')).toBe('busy');
    answerAll();
    expect(await first).toBe('200 late');
    await holds(1);
    answerAll();
    expect(await second).toBe('200 late');
  });

  it('are waited for only so long, and not by a caller who has gone', async () => {
    const request = open({ maxConcurrent: 8, maxConcurrentPerPlugin: 1, queueWaitMs: 50 });
    const first = request('greedy', '/held');
    await holds(1);
    expect(await request('greedy')).toBe('busy');
    expect(await request('greedy', '/', { timeoutMs: 10 })).toBe('timeout');
    const caller = new AbortController();
    const waiting = request('greedy', '/', { signal: caller.signal });
    caller.abort();
    expect(await waiting).toBe('aborted');
    answerAll();
    expect(await first).toBe('200 late');
    expect(await request('greedy')).toBe('200 done');
  });

  it('do not include those that are refused', async () => {
    const request = open({ maxConcurrent: 4, maxConcurrentPerPlugin: 1 });
    const first = request('one', '/held');
    await holds(1);
    expect(await request('one', '/', { allowedHosts: [] })).toBe('egress_refused');
    answerAll();
    await first;
  });
});

describe('bytes in memory', () => {
  it('of one plugin are a quarter of the thread, and what is over is refused at once', async () => {
    const request = open({ bufferMaxBytes: 400_000, responseMaxBytes: 100_000 });
    const pending = request('greedy', '/bytes/60000');
    await holds(1);
    // Room is taken as the bytes come, so the first tries may find some.
    while ((await request('greedy', '/bytes/50000', { timeoutMs: 100 })) !== 'busy');
    const before = held.length;
    const other = request('other', '/bytes/50000');
    await holds(before + 1);
    answerAll('x');
    expect((await pending).length).toBe('200 '.length + 60_000);
    expect((await other).length).toBe('200 '.length + 50_000);
  });

  it('count what is sent as well', async () => {
    const request = open({ bufferMaxBytes: 400_000, responseMaxBytes: 50_000 });
    expect(await request('greedy', '/', { method: 'POST', body: new Uint8Array(100_001) })).toBe('busy');
    expect(await request('greedy', '/', { method: 'POST', body: new Uint8Array(50_000) })).toBe('200 done');
  });

  it('are given back, however a call ends', async () => {
    const request = open({ bufferMaxBytes: 200_000, responseMaxBytes: 100_000, maxConcurrent: 4 });
    for (let round = 0; round < 20; round += 1) {
      expect(await request('one', '/bytes/60000', { timeoutMs: 20 })).toBe('timeout');
    }
    const last = request('one', '/bytes/90000');
    await holds(1, '/bytes/90000');
    answerAll('x');
    expect((await last).length).toBe('200 '.length + 90_000);
  });
});

describe('connections', () => {
  it('are kept and used again, whatever order the name server answers in', async () => {
    await names.close();
    let turn = 0;
    names = await startNameServer((_name, type) => {
      if (type === 'AAAA') return [];
      turn += 1;
      const records = ['127.0.0.1', '127.0.0.2'].map((value) => ({ type, value }));
      return turn % 2 === 0 ? records : records.reverse();
    });
    const request = open({ privateCidrs: ['127.0.0.0/8'] });
    for (let round = 0; round < 6; round += 1) expect(await request('one')).toBe('200 done');
    expect(names.seen.length).toBe(6);
    expect(server.connections()).toBe(1);
  });

  it('are given up when idle ones grow too many', async () => {
    const pools = new PinnedPools({ connectTimeoutMs: 30_000, socketsMax: 3, poolsMax: 10 });
    for (let index = 0; index < 8; index += 1) {
      const pool = pools.poolFor(`http://n${index}.test:${server.port}`, ['127.0.0.1']);
      const { body } = await pool.request({ path: '/', method: 'GET' });
      await body.dump();
      expect(pools.openSockets).toBeLessThanOrEqual(3);
    }
    await pools.close();
    while (server.open() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(pools.openSockets).toBe(0);
  });
});

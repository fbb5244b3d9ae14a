import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NodeId, type SnapshotPlugin } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { compileWat, eventually, guest, startUpstream, testRedis } from '@torii/test-kit';
import { prepareModule } from '@torii/wasm-runtime';
import { PluginMaps } from '../src/config/plugin-maps.js';
import { parseNodeEnv } from '../src/env.js';
import { NodeMetrics } from '../src/metrics/node-metrics.js';
import type { ThreadTailBatch } from '../src/tail/thread-tail.js';
import { DataThreads, placesOf } from '../src/threads/data-threads.js';
import { egressSettings } from '../src/threads/egress-settings.js';
import type { ThreadLoss } from '../src/threads/live-thread.js';
import type { CountedSnapshot } from '../src/threads/thread-messages.js';
import { HealthCells } from '../src/upstream/health-cells.js';
import { aPlugin, aRoute } from './a-node.js';

/** A thread of a busy machine may not get to run for a good part of it. */
const silenceMs = 2_500;

describe('the data threads of a node', () => {
  let folder: string;
  let threads: DataThreads;
  let losses: ThreadLoss[];
  let gone: number[];
  let logs: Record<string, unknown>[];
  let batches: ThreadTailBatch[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'torii-threads-'));
    losses = [];
    gone = [];
    logs = [];
    batches = [];
  });
  afterEach(async () => {
    await threads.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(threadCount: number, settings: Record<string, string> = {}): Promise<void> {
    const { url, keyPrefix } = testRedis();
    const env = parseNodeEnv({ REDIS_URL: url, TORII_EGRESS_REQUEST_TIMEOUT_MS: '60000', ...settings });
    const metrics = new NodeMetrics({ threads: placesOf(threadCount), maxSeries: 10, requestTimeoutMs: 60_000 });
    const log = createLogger({ level: 'info', app: 'test' }, { write: (line: string) => void logs.push(JSON.parse(line)) });
    const trouble = { troubleFolder: folder };
    threads = new DataThreads({
      threadCount,
      proxyPort: 0,
      activationTimeoutMs: 60_000,
      silenceMs,
      firstSpareDelayMs: 500,
      onLost: (loss) => losses.push(loss),
      onGone: (thread) => gone.push(thread),
      onTail: (news) => batches.push(...news),
      entry: new URL('./troubled-thread.mjs', import.meta.url),
      log,
      settings: {
        ...trouble,
        nodeId: NodeId.parse('nd_00000000-0000-7000-8000-000000000001'),
        nodeName: undefined,
        debugKey: new Uint8Array(32),
        proxyHost: '127.0.0.1',
        requestTimeoutMs: 60_000,
        requestBytesMax: 1024 * 1024,
        maxConnections: 1_000,
        webSockets: { messageMaxBytes: 1024 * 1024, closeTimeoutMs: 1_000 },
        shutdownTimeoutMs: 1_000,
        warmUpTimeoutMs: 10_000,
        warmUpTotalMs: 2_000,
        maxInstances: 100,
        guestMemoryBytes: 1024 ** 3,
        instanceIdleMs: 60_000,
        kvRedisUrl: url,
        kvTimeoutMs: 20_000,
        globalKvBytes: 1024 ** 2,
        maps: new PluginMaps({ maxBytes: 8 * 1024 ** 2, globalMaxBytes: 1024 ** 2 }).memory,
        redisPrefix: keyPrefix,
        logLevel: 'silent',
        egress: egressSettings(env),
        metrics: metrics.memory.memory,
        metricsRows: metrics.memory.rows,
        upstreamHealth: HealthCells.create().memory,
        allowLinkLocal: false,
        tracing: undefined,
        tailRecordsPerSecond: 100,
        accessLogSample: 1,
        overloadLagMs: 60_000,
      },
    });
    await threads.start();
    await threads.activate(await helloSnapshot());
  }

  /** Over a connection of its own, so that any thread may get it. */
  async function hello(): Promise<number | string> {
    try {
      const response = await fetch(`http://127.0.0.1:${threads.proxyPort}/hello`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(60_000),
      });
      return (await response.text()) === 'hello' ? response.status : 'other text';
    } catch (error) {
      return (error as Error).name;
    }
  }

  const tell = (what: 'stuck' | 'spinning' | 'broken', index: number): Promise<void> => writeFile(path.join(folder, `${what}-${index}`), '');

  it.each(['spinning', 'broken'] as const)(
    'replaces a %s one by the spare, which serves the active configuration, and prepares another spare',
    async (what) => {
      await start(2);
      await eventually(() => threads.hasSpare);
      await tell(what, 1);
      await eventually(() => expect(losses).toEqual([{ thread: 1, reason: what === 'spinning' ? 'silent' : 'ended', pluginRow: undefined }]));
      await eventually(() => expect(gone).toEqual([1]));
      await eventually(() => expect(threads.liveCount).toBe(2));
      for (let request = 0; request < 20; request += 1) expect(await hello()).toBe(200);
      await eventually(() => threads.hasSpare);
    },
  );

  it('keep being served by the others while one is stuck, and none of their requests fails', async () => {
    await start(2);
    const before = await Promise.all(Array.from({ length: 4 }, hello));
    expect(before).toEqual([200, 200, 200, 200]);
    await tell('stuck', 0);
    await eventually(() => expect(losses.map(({ thread }) => thread)).toEqual([0]));
    // The stuck thread's listener is gone with it: from here on every connection finds one that answers.
    await eventually(() => expect(gone).toEqual([0]));
    while (threads.liveCount < 2) expect(await hello()).toBe(200);
    expect(await hello()).toBe(200);
  });

  it('come back one by one when all of them are lost at once', async () => {
    await start(2);
    await Promise.all([tell('broken', 0), tell('stuck', 1)]);
    await eventually(() => expect(losses.map(({ thread }) => thread).sort()).toEqual([0, 1]));
    await eventually(() => expect(threads.liveCount).toBe(2));
    for (let request = 0; request < 10; request += 1) expect(await hello()).toBe(200);
  });

  it('take a new configuration over after a replacement, the replacement as well', async () => {
    await start(1);
    await tell('stuck', 0);
    await eventually(() => expect(gone).toEqual([0]));
    await eventually(() => expect(threads.liveCount).toBe(1));
    const next = await helloSnapshot();
    await threads.activate({ ...next, revision: 2, routes: next.routes.map((route) => ({ ...route, name: 'renamed' })) });
    expect(await hello()).toBe(200);
  });

  it('are lost one at most to a configuration that ends the thread which tries it, and the others serve on', async () => {
    await start(2);
    await writeFile(path.join(folder, 'deadly-2'), '');
    await expect(threads.activate({ ...(await helloSnapshot()), revision: 2 })).rejects.toThrow('the data thread ended');
    await eventually(() => expect(losses).toHaveLength(1));
    await eventually(() => expect(threads.liveCount).toBe(2));
    expect(losses).toHaveLength(1);
    expect(await hello()).toBe(200);
  });

  it('name the plugin that ran on one that was lost, which is then not called for a while, also on its replacement', async () => {
    const upstream = await startUpstream(() => new Promise(() => undefined)); // never answers
    try {
      await start(1, { TORII_EGRESS_OVERRIDES: `upstream.test=${upstream.url}` });
      await threads.activate(await withCaller(await helloSnapshot()));
      const call = fetch(`http://127.0.0.1:${threads.proxyPort}/call`).catch((error: Error) => error.name);
      await eventually(() => expect(upstream.calls()).toBe(1));
      await tell('stuck', 0);
      await eventually(() => expect(losses).toEqual([{ thread: 0, reason: 'silent', pluginRow: 5 }]));
      for (let time = 0; time < 6; time += 1) threads.confine(5); // for half a minute
      expect(await call).toBe('TypeError');
      await eventually(() => expect(threads.liveCount).toBe(1));
      const refused = await fetch(`http://127.0.0.1:${threads.proxyPort}/call`);
      expect([refused.status, refused.headers.get('x-torii-error')]).toEqual([503, 'plugin.quarantined']);
      expect(await hello()).toBe(200);
    } finally {
      await upstream.close();
    }
  });

  it('tell one that is about to serve also what the others are told at that moment', async () => {
    await start(1);
    await writeFile(path.join(folder, 'held'), '');
    await tell('broken', 0);
    await eventually(() => existsSync(path.join(folder, 'listening')));
    for (let time = 0; time < 6; time += 1) threads.confine(0); // for half a minute
    threads.follow([{ follower: 'me', filter: {} }]);
    await rm(path.join(folder, 'held'));
    await eventually(() => expect(threads.liveCount).toBe(1));
    const refused = await fetch(`http://127.0.0.1:${threads.proxyPort}/hello`);
    expect([refused.status, refused.headers.get('x-torii-error')]).toEqual([503, 'plugin.quarantined']);
    await eventually(() => expect(batches).toEqual([expect.objectContaining({ follower: 'me', records: [expect.anything()] })]));
  });

  it('are given more time before each new try while they keep ending', async () => {
    await start(1);
    for (let round = 1; round <= 3; round += 1) {
      await eventually(() => expect(threads.liveCount).toBe(1));
      const before = losses.length;
      await Promise.all(Array.from({ length: threads.board.threads }, (_, index) => tell('broken', index)));
      // The spare is told so too, and may have stepped in before it heard of it.
      await eventually(() => expect(losses.length).toBeGreaterThan(before));
      await Promise.all(Array.from({ length: threads.board.threads }, (_, index) => rm(path.join(folder, `broken-${index}`), { force: true })));
    }
    await eventually(() => expect(threads.liveCount).toBe(1));
    expect(await hello()).toBe(200);
    expect(logs.filter(({ msg }) => msg === 'data thread ended and is replaced').length).toBeGreaterThanOrEqual(3);
  });
});

/** Asks the upstream, then answers nothing. */
const caller = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\\"url\\":\\"http://upstream.test/\\"}")
  (func (export "run") (result i32) (local $at i64) (local $i i32)
    (local.set $at (call $alloc (i64.const 31)))
    (loop $copy
      (call $store (i64.add (local.get $at) (i64.extend_i32_u (local.get $i))) (i32.load8_u (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (i32.const 31))))
    (drop (call $http (local.get $at) (i64.const 0)))
    (i32.const 0)))`;

async function withCaller(snapshot: CountedSnapshot): Promise<CountedSnapshot> {
  const plugin = aPlugin('1'.repeat(64), { name: 'caller', allowedHosts: ['http://upstream.test'], limits: { wallMs: 60_000 } });
  const prepared = await prepareModule(await compileWat(caller), plugin.limits);
  return {
    revision: snapshot.revision + 1,
    plugins: [...snapshot.plugins, { key: `${plugin.id}@1`, plugin, prepared }],
    globalPlugins: [],
    debugEpoch: undefined,
    upstreamCells: new Map(),
    upstreamRows: new Map(),
    routes: [...snapshot.routes, aRoute(plugin, '/call')],
    pluginRows: [...snapshot.pluginRows, 5],
    routeRows: [...snapshot.routeRows, 2],
  };
}

async function helloSnapshot(): Promise<CountedSnapshot> {
  const plugin: SnapshotPlugin = aPlugin('0'.repeat(64), { name: 'hello' });
  const prepared = await prepareModule(await guest('hello'), plugin.limits);
  return {
    revision: 1,
    plugins: [{ key: `${plugin.id}@1`, plugin, prepared }],
    globalPlugins: [],
    debugEpoch: undefined,
    upstreamCells: new Map(),
    upstreamRows: new Map(),
    routes: [aRoute(plugin, '/hello')],
    pluginRows: [0],
    routeRows: [1],
  };
}

import { afterEach, describe, expect, it } from '@jest/globals';
import { PluginLimits, type SnapshotPlugin } from '@torii/contracts';
import { createLogger, Deadline, systemClock } from '@torii/service-kit';
import { compileWat } from '@torii/test-kit';
import { createEgress, InstanceBudget, type InstancePool, loadFunction, type PreparedModule, prepareModule } from '@torii/wasm-runtime';
import { FirstStarts } from './first-starts.js';

const log = createLogger({ level: 'silent', app: 'test' });
const egress = createEgress({ privateCidrs: [], overrides: new Map(), connectTimeoutMs: 30_000 }, { clock: systemClock, log });
const limits = PluginLimits.parse({ cpuMs: 30_000, wallMs: 60_000 });
const timeoutMs = 30_000;
const good = '(module (memory 1) (func (export "run") (result i32) (i32.const 0)))';
const trapping = '(module (func $s (unreachable)) (start $s) (func (export "run")))';
const needsGrant = '(module (import "env" "proxy_plugin_map_get" (func (param i64 i64) (result i64))) (func (export "run")))';

/** The plugins of a thread and what became of their pools. */
class Thread {
  readonly budget: InstanceBudget;
  readonly starts: FirstStarts;
  readonly pools: InstancePool[] = [];
  private readonly modules = new Map<string, Promise<PreparedModule>>();
  /** Each look at the clock takes a second of it. */
  private nowMs = 0;

  constructor({ totalMs, maxInstances = 100 }: { totalMs: number; maxInstances?: number }) {
    this.budget = new InstanceBudget({ maxInstances });
    const clock = { ...systemClock, nowMs: () => (this.nowMs += 1_000) };
    this.starts = new FirstStarts({ timeoutMs, totalMs, budget: this.budget, clock });
  }

  /** A configuration of these modules; answers how many instances each pool has after that. */
  async configure(wats: readonly string[], isTried = false): Promise<number[]> {
    const start = this.starts.ofConfiguration(isTried);
    const pools = await Promise.all(wats.map((wat) => this.pool(wat)));
    for (const [index, pool] of pools.entries()) await start(aPlugin(wats[index] ?? '', `p${index}`), pool);
    return pools.map(({ stats }) => stats.idle);
  }

  async pool(wat: string): Promise<InstancePool> {
    const prepared = this.modules.get(wat) ?? compileWat(wat).then((bytes) => prepareModule(bytes, limits));
    this.modules.set(wat, prepared);
    const refused = (): never => {
      throw new Error('there are no stores');
    };
    const stores = { pluginMap: refused, globalMap: refused, pluginDatastore: refused, globalDatastore: refused };
    const nothing = (): string => '{}';
    const state = { all: nothing, entity: () => undefined, globalConfig: nothing, nodeConfig: nothing, nodeState: nothing };
    const spec = {
      pluginId: 'pl_test',
      pluginName: 'test',
      pluginVersion: 1,
      functionName: 'run',
      allowedHosts: [],
      allowPrivate: false,
      grants: [],
      config: {},
      isolation: 'reuse',
      limits,
    } as const;
    const pool = loadFunction(spec, await prepared, { clock: systemClock, log, egress, stores, state, budget: this.budget });
    this.pools.push(pool);
    return pool;
  }
}

function aPlugin(wat: string, name: string): SnapshotPlugin {
  return { name, version: 1, sha256: wat, limits } as SnapshotPlugin;
}

const enough = Number.POSITIVE_INFINITY;

describe('FirstStarts', () => {
  let thread: Thread;
  afterEach(() => Promise.all(thread.pools.map((pool) => pool.close())));

  it('makes every plugin ready while there is time', async () => {
    thread = new Thread({ totalMs: enough });
    expect(await thread.configure([good, good, good])).toEqual([1, 1, 1]);
  });

  it('leaves plugins of a module that has started to their first call when the time is up, and they are served then', async () => {
    thread = new Thread({ totalMs: 1_500 });
    expect(await thread.configure([good, good, good, good])).toEqual([1, 1, 0, 0]);
    const last = thread.pools.at(-1);
    const { output } =
      (await last?.call('', { requestId: 'rq_test', deadline: Deadline.after(60_000, systemClock), log, read: ({ length }) => length })) ?? {};
    expect(output).toBe(0);
    expect(await thread.configure([good])).toEqual([1]);
  });

  it('tries each module that never started here, whatever time it takes', async () => {
    thread = new Thread({ totalMs: 1 });
    expect(await thread.configure(modules(3))).toEqual([1, 1, 1]);
    await expect(thread.configure([good, good, trapping])).rejects.toMatchObject({
      code: 'config.compile_failed',
      detail: expect.stringContaining('plugin p2 version 1: initialising the plugin failed'),
    });
    await expect(thread.configure([trapping])).rejects.toMatchObject({ code: 'config.compile_failed' });
  });

  it('checks what is left to its first call, and names what cannot be linked', async () => {
    thread = new Thread({ totalMs: 1 });
    await expect(thread.configure([good, needsGrant], true)).rejects.toMatchObject({
      code: 'config.compile_failed',
      detail: expect.stringMatching(/^plugin p1 version 1: .*needs the grant plugin_map:read/),
    });
    expect(thread.budget.liveInstances).toBe(1);
  });

  it('tries nothing that another thread has tried when the time is up', async () => {
    thread = new Thread({ totalMs: 1 });
    expect(await thread.configure(modules(3), true)).toEqual([1, 0, 0]);
  });

  it('knows the modules that another thread has tried from then on, also those it has not started itself', async () => {
    thread = new Thread({ totalMs: 1 });
    expect(await thread.configure(modules(3), true)).toEqual([1, 0, 0]);
    expect(await thread.configure(modules(3))).toEqual([1, 0, 0]);
  });

  it('leaves a plugin of a known module to its first call when every instance is in use, and refuses one that it cannot try', async () => {
    thread = new Thread({ totalMs: enough, maxInstances: 1 });
    expect(await thread.configure([good])).toEqual([1]);
    await thread.pools[0]?.close();
    const busy = await thread.pool(good);
    expect(thread.budget.take(busy)).toBe(true);
    expect(await thread.configure([good])).toEqual([0]);
    await expect(thread.configure(modules(1))).rejects.toMatchObject({
      code: 'capacity.pool_exhausted',
      detail: expect.stringMatching(/^plugin p0 version 1: /),
    });
    thread.budget.giveBack(0);
  });

  it('takes no more than half of the room for instances but for a few, and tries modules all the same', async () => {
    thread = new Thread({ totalMs: enough, maxInstances: 40 });
    const many = await thread.configure(times(30, good));
    expect(many).toEqual([...times(20, 1), ...times(10, 0)]);
    await expect(thread.configure([trapping])).rejects.toMatchObject({ code: 'config.compile_failed' });
    expect(await thread.configure(modules(10))).toEqual([...times(8, 1), 0, 0]);
    expect(await thread.configure(times(9, good))).toEqual([...times(8, 1), 0]);
    expect(thread.budget.liveInstances).toBe(36);
  });
});

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

/** Modules that are not the same and do the same. */
function modules(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `(module (memory 1) (func (export "run") (result i32) (i32.const 0)) (func (export "n${index}")))`,
  );
}

import { AppError } from '@torii/contracts';
import type { CallOptions, CallResult, FunctionSpec, RuntimeDeps } from './function-spec.js';
import { type IdleHolder, InstanceBudget } from './instance-budget.js';
import { PluginInstance } from './plugin-instance.js';
import type { PreparedModule } from './prepare-module.js';
import { WaitingLine } from './waiting-line.js';

export interface PoolStats {
  readonly idle: number;
  readonly leased: number;
  readonly waiting: number;
  /** Instances made since the pool exists. */
  readonly created: number;
  /** Of these, how many were given up for whatever reason. */
  readonly evicted: number;
}

interface IdleInstance {
  readonly instance: PluginInstance;
  readonly sinceMs: number;
}

/** All but one of the instances that nobody used for this long are given up. */
const idleMaxMs = 5 * 60_000;
/** What an instance that is made while a request waits may take to initialise. */
const createTimeoutMs = 5_000;
/** `close` waits this long for calls under way. */
const closeTimeoutMs = 30_000;

/**
 * The instances of one plugin version in one thread.
 *
 * Each serves one call at a time. A call takes the instance used last; when all are busy and there may be no more, it
 * waits its turn in a line of bounded length and time. Whatever leaves a guest in doubt closes it.
 */
export class InstancePool implements IdleHolder {
  private readonly spec: FunctionSpec;
  private readonly prepared: PreparedModule;
  private readonly deps: RuntimeDeps;
  private readonly budget: InstanceBudget;
  /** Last in, first out: the bottom has been idle for longest. */
  private readonly idle: IdleInstance[] = [];
  private readonly line = new WaitingLine<PluginInstance>();
  private leased = 0;
  private starting = 0;
  private created = 0;
  private evicted = 0;
  private isClosing = false;
  private closed: Promise<void> | undefined;
  private onDrained: (() => void) | undefined;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(spec: FunctionSpec, prepared: PreparedModule, deps: RuntimeDeps) {
    this.spec = spec;
    this.prepared = prepared;
    this.deps = deps;
    this.budget = deps.budget ?? new InstanceBudget();
    this.budget.join(this);
  }

  get stats(): PoolStats {
    return { idle: this.idle.length, leased: this.leased, waiting: this.line.length, created: this.created, evicted: this.evicted };
  }

  /** Makes and initialises one instance. Throws `config.compile_failed` that says why it cannot be. */
  async warmUp(timeoutMs: number): Promise<void> {
    if (!this.budget.take(this)) throw new AppError('capacity.pool_exhausted', { detail: 'the node runs as many instances as it may' });
    await this.create(timeoutMs);
  }

  /**
   * Calls the function with this input.
   *
   * Throws `plugin.*` for what the guest did; `capacity.pool_exhausted` when no instance came free in time or the line
   * is full; `capacity.shutting_down` when the pool is closing; `client.gone`; `config.compile_failed` when another
   * instance could not be made.
   */
  async call(input: string | Uint8Array, options: CallOptions): Promise<CallResult> {
    if (this.isClosing) throw new AppError('capacity.shutting_down');
    const instance = this.leaseIdle() ?? (await this.waitForInstance(options));
    try {
      return await instance.call(input, options);
    } finally {
      this.takeBack(instance);
    }
  }

  /** No new calls from now on; resolves when the last lease is back and every instance is closed. */
  close(): Promise<void> {
    this.closed ??= this.drain();
    return this.closed;
  }

  oldestIdleSinceMs(): number | undefined {
    return this.idle[0]?.sinceMs;
  }

  evictOldestIdle(): void {
    const oldest = this.idle.shift();
    if (oldest !== undefined) this.giveUp(oldest.instance);
  }

  tryAgain(): void {
    if (this.line.length > this.starting && !this.isClosing) this.startAnother();
    else this.budget.offer();
  }

  private leaseIdle(): PluginInstance | undefined {
    const instance = this.idle.pop()?.instance;
    if (instance !== undefined) this.leased += 1;
    return instance;
  }

  private waitForInstance(options: CallOptions): Promise<PluginInstance> {
    const { maxQueuedPerNode: queuedMax, queueWaitMs } = this.spec.limits;
    this.startAnother();
    // Who waits for an instance that is being made is not queued: with a queue of 0 it still is served.
    if (this.line.length >= queuedMax + this.starting) throw exhausted('too many requests wait for an instance already');
    // Making an instance may take longer than one would wait in a line.
    const patienceMs = this.starting > this.line.length ? Math.max(queueWaitMs, createTimeoutMs) : queueWaitMs;
    const timeoutMs = Math.min(patienceMs, options.deadline.remainingMs());
    return this.line.wait(timeoutMs, options.signal, () => exhausted(`no instance came free within ${Math.round(timeoutMs)} ms`));
  }

  /** Begins to make an instance if there may be one more; it goes to whoever waits first. */
  private startAnother(): void {
    const live = this.idle.length + this.leased + this.starting;
    if (live >= this.spec.limits.maxInstancesPerNode || !this.budget.take(this)) return;
    void this.create(createTimeoutMs).catch((error: unknown) => {
      this.line.rejectFirst(AppError.from(error));
      this.startForWaiting();
    });
  }

  /** An instance that is gone leaves a place to someone in the line. */
  private startForWaiting(): void {
    if (this.line.length > this.starting && !this.isClosing) this.startAnother();
  }

  /** Makes an instance in a place of the budget that is already ours, and gives the place back on failure. */
  private async create(timeoutMs: number): Promise<void> {
    this.starting += 1;
    try {
      const instance = await PluginInstance.create(this.spec, this.prepared, this.deps, timeoutMs);
      this.created += 1;
      this.hand(instance);
    } catch (error) {
      this.budget.giveBack();
      throw error;
    } finally {
      this.starting -= 1;
      this.onDrained?.();
    }
  }

  private takeBack(instance: PluginInstance): void {
    this.leased -= 1;
    if (instance.isReusable) this.hand(instance);
    else this.giveUp(instance);
    this.startForWaiting();
    this.onDrained?.();
  }

  /** To who waits first, else to the idle ones. */
  private hand(instance: PluginInstance): void {
    if (this.isClosing) {
      this.giveUp(instance);
    } else if (this.line.serveFirst(instance)) {
      this.leased += 1;
    } else {
      this.idle.push({ instance, sinceMs: this.deps.clock.nowMs() });
      this.watchIdle();
      this.budget.offer();
    }
  }

  private giveUp(instance: PluginInstance): void {
    this.evicted += 1;
    this.budget.giveBack();
    void instance.close().catch((error: unknown) => this.deps.log.error({ err: error, pluginId: this.spec.pluginId }, 'instance failed to close'));
  }

  private watchIdle(): void {
    if (this.idleTimer !== undefined || this.idle.length < 2) return;
    this.idleTimer = setTimeout(() => {
      this.idleTimer = undefined;
      const beforeMs = this.deps.clock.nowMs() - idleMaxMs;
      while (this.idle.length > 1 && (this.idle[0]?.sinceMs ?? Number.POSITIVE_INFINITY) <= beforeMs) this.evictOldestIdle();
      this.watchIdle();
    }, idleMaxMs);
    this.idleTimer.unref();
  }

  private async drain(): Promise<void> {
    this.isClosing = true;
    clearTimeout(this.idleTimer);
    this.line.rejectAll(() => new AppError('capacity.shutting_down'));
    while (this.idle.length > 0) this.evictOldestIdle();
    await this.drained();
    this.budget.leave(this);
  }

  /** Every call has a deadline of its own; the one here is for the day one of them is broken. */
  private drained(): Promise<void> {
    if (this.leased + this.starting === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, closeTimeoutMs);
      this.onDrained = () => {
        if (this.leased + this.starting > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function exhausted(detail: string): AppError {
  return new AppError('capacity.pool_exhausted', { detail });
}

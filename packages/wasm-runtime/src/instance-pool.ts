import { AppError } from '@torii/contracts';
import type { CallObserver } from './call-observer.js';
import { CallPace } from './call-pace.js';
import { Doorway } from './doorway.js';
import type { CallOptions, CallResult, FunctionSpec, RuntimeDeps } from './function-spec.js';
import { isOffence } from './guest-failure.js';
import { type IdleHolder, InstanceBudget } from './instance-budget.js';
import { PluginInstance, refuseUnlinkable } from './plugin-instance.js';
import { PoolCounts, type PoolStats } from './pool-stats.js';
import { isRestorable, type PreparedModule } from './prepare-module.js';
import { Quarantine } from './quarantine.js';
import type { GuestImage } from './restore/guest-image.js';
import { threadTurns } from './turn-queue.js';
import { WaitingLine } from './waiting-line.js';

interface IdleInstance {
  readonly instance: PluginInstance;
  readonly sinceMs: number;
}

const defaultInstanceIdleMs = 5 * 60_000;
/** What an instance that is made while a request waits may take to initialise, if a whole call may take that. */
const createTimeoutMaxMs = 5_000;
/**
 * While so many calls of a plugin wait for a turn to compute, no other begins: more at once would not be served sooner,
 * they would only all take longer.
 */
const computingMax = 4;
/** So many calls of a module that is compiled as it is called may take this much longer to compute. */
const compilingCallsMax = 4;
const compilingExtraMs = 500;
/** `close` waits this long for calls under way. */
const closeTimeoutMs = 30_000;

/**
 * The instances of one plugin version in one thread.
 *
 * Each serves one call at a time. A call takes the instance used last; when all are busy and there may be no more, it
 * waits its turn in a line of bounded length and time. Whatever leaves a guest in doubt closes it. Under `fresh`
 * isolation an instance is put back to the plugin's image after each call, or replaced where that would not be exact.
 */
export class InstancePool implements IdleHolder {
  private readonly spec: FunctionSpec;
  private readonly prepared: PreparedModule;
  private readonly deps: RuntimeDeps;
  private readonly budget: InstanceBudget;
  private readonly quarantine: Quarantine;
  private readonly pace: CallPace;
  private readonly createTimeoutMs: number;
  private readonly counts = new PoolCounts();
  /** Last in, first out: the bottom has been idle for longest. */
  private readonly idle: IdleInstance[] = [];
  /** Used under `fresh` isolation and not yet put back. */
  private readonly used: PluginInstance[] = [];
  private readonly line = new WaitingLine<PluginInstance>();
  private readonly doorway = new Doorway();
  private leased = 0;
  private starting = 0;
  /** Of a module that is compiled as it is called: those that may still have to wait for that. */
  private compilingCalls: number;
  /** Of the first instance; all go back to it under `fresh` isolation. */
  private image: GuestImage | undefined;
  /** Whether nothing that the module imports waits. */
  private canRunPlain = false;
  private isClosing = false;
  private closed: Promise<void> | undefined;
  private onDrained: (() => void) | undefined;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(spec: FunctionSpec, prepared: PreparedModule, deps: RuntimeDeps) {
    this.spec = spec;
    this.prepared = prepared;
    this.deps = deps;
    this.budget = deps.budget ?? new InstanceBudget();
    this.quarantine = new Quarantine(deps.clock, deps.quarantine);
    this.pace = new CallPace(spec.limits.cpuMs);
    this.createTimeoutMs = Math.min(createTimeoutMaxMs, spec.limits.wallMs);
    this.compilingCalls = prepared.isLazy ? compilingCallsMax : 0;
    this.budget.join(this);
  }

  get stats(): PoolStats {
    return {
      ...this.counts,
      idle: this.idle.length + this.used.length,
      leased: this.leased,
      waiting: this.line.length,
      quarantines: this.quarantine.times,
    };
  }

  /** Whether calls can ask for that function by its name. */
  serves(functionName: string): boolean {
    return this.spec.otherFunctionNames?.includes(functionName) === true;
  }

  /** Throws `config.compile_failed` where an instance could never be made, as far as that shows without making one. */
  check(): void {
    const { spec, prepared, deps } = this;
    refuseUnlinkable({ spec, prepared, deps });
  }

  /** Makes and initialises one instance. Throws `config.compile_failed` that says why it cannot be. */
  async warmUp(timeoutMs: number): Promise<void> {
    if (!this.budget.take(this)) throw new AppError('capacity.pool_exhausted', { detail: 'the node runs as many instances as it may' });
    await this.create(timeoutMs);
  }

  /**
   * Calls the function with this input.
   *
   * Throws `plugin.*` for what the guest did; `plugin.quarantined` while it is refused for what it did before;
   * `capacity.pool_exhausted` when no instance came free in time or the line is full; `capacity.shutting_down` when the
   * pool is closing; `client.gone`; `config.compile_failed` when another instance could not be made.
   */
  call<Output>(input: string | Uint8Array, options: CallOptions<Output>): Promise<CallResult<Output>> {
    return this.isQuick ? this.begin(input, options) : this.beginInOrder(input, options);
  }

  /** Refuses calls for a while, whatever they were until now. */
  confine(): void {
    this.quarantine.confine();
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
    // Of functions that nobody calls the images alone would fill the memory that instances may have.
    if (this.liveCount === 0) this.dropImage();
  }

  tryAgain(): void {
    if (this.line.length > this.starting && !this.isClosing) this.startAnother();
    else this.budget.offer();
  }

  private async beginInOrder<Output>(input: string | Uint8Array, options: CallOptions<Output>): Promise<CallResult<Output>> {
    const entered = this.doorway.enter();
    const ticket = typeof entered === 'number' ? entered : await entered;
    try {
      return await this.begin(input, options);
    } finally {
      this.doorway.leave(ticket);
    }
  }

  private async begin<Output>(input: string | Uint8Array, options: CallOptions<Output>): Promise<CallResult<Output>> {
    if (this.isClosing) throw new AppError('capacity.shutting_down');
    this.quarantine.enter();
    let queueMs = 0;
    let waitsSinceMs: number | undefined;
    let instance = this.leaseIdle();
    if (instance === undefined) {
      waitsSinceMs = this.deps.clock.nowMs();
      instance = await this.waitForInstance(options).catch(this.onRefused);
      queueMs = this.deps.clock.nowMs() - waitsSinceMs;
    }
    const runBefore = instance.lastRun;
    instance.extraCpuMs = this.compilingCalls > 0 ? compilingExtraMs : 0;
    this.compilingCalls = Math.max(0, this.compilingCalls - 1);
    if (options.observer !== undefined) observeLease(options.observer, instance, { waitMs: queueMs, waitsSinceMs });
    try {
      // Without a wait in a quick call the instance is back before the next request of the same turn needs one.
      const result = this.isQuick ? instance.callPlain(input, options) : await instance.call(input, options);
      this.quarantine.leave(false);
      return queueMs === 0 ? result : { ...result, queueMs };
    } catch (error) {
      const failure = AppError.from(error);
      this.counts.note(failure, instance.lastRun);
      this.quarantine.leave(failure.code === 'client.gone' ? undefined : isOffence(failure, instance.lastRun));
      throw failure;
    } finally {
      const run = instance.lastRun;
      this.pace.note(run?.cpuMs ?? 0);
      if (run !== undefined && run !== runBefore) this.counts.spend(run);
      this.takeBack(instance);
    }
  }

  private get liveCount(): number {
    return this.idle.length + this.used.length + this.leased + this.starting;
  }

  /** Whether calls neither wait nor take long. */
  private get isQuick(): boolean {
    return this.canRunPlain && this.pace.isShort;
  }

  private get isCrowded(): boolean {
    return threadTurns.countOf(this.spec) >= computingMax;
  }

  private leaseIdle(): PluginInstance | undefined {
    if (this.isCrowded) return undefined;
    if (this.idle.length === 0) this.putBackUsed();
    const instance = this.idle.pop()?.instance;
    if (instance !== undefined) this.leased += 1;
    return instance;
  }

  private readonly onRefused = (error: unknown): never => {
    this.quarantine.leave(undefined);
    throw error;
  };

  private waitForInstance(options: CallOptions<unknown>): Promise<PluginInstance> {
    const { maxQueuedPerNode: queuedMax, queueWaitMs } = this.spec.limits;
    // One that is on its way already is for whoever has no other.
    if (!this.isCrowded && this.starting <= this.line.length) this.startAnother();
    // Who waits for an instance that is being made is not queued: with a queue of 0 it still is served.
    if (this.line.length >= queuedMax + this.starting) return Promise.reject(exhausted('too many requests wait for an instance already'));
    // Making an instance may take longer than one would wait in a line.
    const patienceMs = this.starting > this.line.length ? Math.max(queueWaitMs, this.createTimeoutMs) : queueWaitMs;
    const timeoutMs = Math.min(patienceMs, options.deadline.remainingMs());
    return this.line.wait(timeoutMs, options.signal, () => exhausted(`no instance came free within ${Math.round(timeoutMs)} ms`));
  }

  /** Begins to make an instance if there may be one more; it goes to whoever waits first. */
  private startAnother(): void {
    if (this.liveCount >= this.spec.limits.maxInstancesPerNode || !this.budget.take(this)) return;
    void this.create(this.createTimeoutMs).catch((error: unknown) => {
      this.line.rejectFirst(AppError.from(error));
      this.serveWaiting();
    });
  }

  /** Who waits gets what is idle, or another instance in the place of one that is gone. */
  private serveWaiting(): void {
    while (this.line.length > 0) {
      const instance = this.leaseIdle();
      if (instance === undefined) break;
      this.line.serveFirst(instance);
    }
    if (this.line.length > this.starting && !this.isCrowded && !this.isClosing) this.startAnother();
  }

  /** Makes an instance in a place of the budget that is already ours, and gives the place back on failure. */
  private async create(timeoutMs: number): Promise<void> {
    this.starting += 1;
    const startedAtMs = this.deps.clock.nowMs();
    try {
      const { spec, prepared, deps, budget: account, image } = this;
      const needsImage = spec.isolation === 'fresh' && isRestorable(prepared);
      const instance = await PluginInstance.create({
        spec,
        prepared,
        deps,
        account,
        timeoutMs,
        needsImage,
        ...(image === undefined ? {} : { image }),
      });
      instance.createMs = this.deps.clock.nowMs() - startedAtMs;
      this.counts.created += 1;
      this.counts.instantiateMs += instance.createMs;
      this.canRunPlain = instance.canRunPlain;
      this.keepImage(instance.image);
      this.hand(instance);
    } catch (error) {
      this.budget.giveBack(0);
      throw error;
    } finally {
      this.starting -= 1;
      this.onDrained?.();
    }
  }

  private keepImage(image: GuestImage | undefined): void {
    if (this.image !== undefined || image === undefined) return;
    this.image = image;
    this.budget.grow(image.bytes);
  }

  private dropImage(): void {
    this.budget.grow(-(this.image?.bytes ?? 0));
    this.image = undefined;
  }

  private takeBack(instance: PluginInstance): void {
    this.leased -= 1;
    if (!instance.isReusable) this.giveUp(instance);
    else if (this.isWornOut(instance)) this.recycle(instance);
    else if (this.spec.isolation === 'reuse') this.hand(instance);
    else this.putBackSoon(instance);
    this.serveWaiting();
    this.onDrained?.();
  }

  private isWornOut(instance: PluginInstance): boolean {
    const { instanceMaxCalls, instanceMaxAgeMs } = this.spec.limits;
    if (instanceMaxCalls > 0 && instance.calls >= instanceMaxCalls) return true;
    return instanceMaxAgeMs > 0 && this.deps.clock.nowMs() - instance.createdAtMs >= instanceMaxAgeMs;
  }

  /** Later, so that the answer is on its way before; at once when somebody waits. */
  private putBackSoon(instance: PluginInstance): void {
    this.used.push(instance);
    if (this.line.length > 0 || this.isClosing) this.putBackUsed();
    else if (this.used.length === 1) setImmediate(() => this.putBackUsed());
  }

  private putBackUsed(): void {
    for (const instance of this.used.splice(0)) {
      if (!instance.restore()) this.recycle(instance);
      else if (instance.image?.isInitialised === true) this.hand(instance);
      else void this.initialiseAgain(instance);
    }
  }

  private async initialiseAgain(instance: PluginInstance): Promise<void> {
    this.starting += 1;
    const isReady = await instance.initialiseAgain(this.createTimeoutMs);
    this.starting -= 1;
    if (isReady) this.hand(instance);
    else this.recycle(instance);
    this.serveWaiting();
    this.onDrained?.();
  }

  /** Gives up an instance that did no wrong; the next one begins to be made before anybody needs it. */
  private recycle(instance: PluginInstance): void {
    this.counts.recycled += 1;
    this.giveUp(instance);
    if (this.idle.length + this.starting === 0 && !this.isClosing) this.startAnother();
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
    this.counts.evicted += 1;
    this.budget.giveBack(instance.memoryBytes);
    void instance.close().catch((error: unknown) => this.deps.log.error({ err: error, pluginId: this.spec.pluginId }, 'instance failed to close'));
  }

  private watchIdle(): void {
    if (this.idleTimer !== undefined || this.idle.length === 0) return;
    const { instanceIdleMs = defaultInstanceIdleMs } = this.deps;
    this.idleTimer = setTimeout(() => {
      this.idleTimer = undefined;
      const beforeMs = this.deps.clock.nowMs() - instanceIdleMs;
      while ((this.idle[0]?.sinceMs ?? Number.POSITIVE_INFINITY) <= beforeMs) this.evictOldestIdle();
      this.watchIdle();
    }, instanceIdleMs);
    this.idleTimer.unref();
  }

  private async drain(): Promise<void> {
    this.isClosing = true;
    clearTimeout(this.idleTimer);
    this.line.rejectAll(() => new AppError('capacity.shutting_down'));
    for (const instance of this.used.splice(0)) this.giveUp(instance);
    while (this.idle.length > 0) this.evictOldestIdle();
    await this.drained();
    this.dropImage();
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

function observeLease(
  observer: CallObserver,
  instance: PluginInstance,
  wait: { readonly waitMs: number; readonly waitsSinceMs: number | undefined },
): void {
  const { calls, createMs, createdAtMs } = instance;
  const isMadeMeanwhile = wait.waitsSinceMs !== undefined && createdAtMs >= wait.waitsSinceMs;
  observer.onLease?.({ waitMs: wait.waitMs, createMs: isMadeMeanwhile ? createMs : undefined, callsBefore: calls });
}

function exhausted(detail: string): AppError {
  return new AppError('capacity.pool_exhausted', { detail });
}

import type { Plugin } from '@extism/extism';
import { AppError } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import { guestTablePrefix, restorableGlobalPrefix, rewrittenExportOf, rewrittenExports } from '@torii/wasm-binary';
import type { CallCosts, CallObserver } from './call-observer.js';
import type { CallerSignal, CallOptions, CallResult, FunctionSpec, RuntimeDeps } from './function-spec.js';
import { Guest } from './guest.js';
import { type FailureContext, failureOf, failureOfExit } from './guest-failure.js';
import { threadGarbage } from './guest-garbage.js';
import { GuestMemory } from './guest-memory.js';
import { GuestRun, type RunLimits } from './guest-run.js';
import { cleanBytes } from './host-functions/guest-log.js';
import type { InstanceBudget } from './instance-budget.js';
import { instantiate, refuseEntry } from './instantiate.js';
import { giveBackKernel } from './kernel/kernel-stock.js';
import { YieldHook } from './kernel/yield-hook.js';
import { type LinkedImports, linkImports } from './link-imports.js';
import type { PreparedModule } from './prepare-module.js';
import { GuestImage, type GuestState } from './restore/guest-image.js';
import { threadTurns } from './turn-queue.js';

/** What an entry of a table takes of V8's heap, which is no linear memory but runs out like it. */
const tableEntryBytes = 48;

/** An export that calls begin at. */
interface Entry {
  readonly plain: () => unknown;
  readonly suspending: () => Promise<unknown>;
}

/** Who has to do with a run besides the guest. */
interface RunParties {
  readonly log: Logger;
  readonly signal?: CallerSignal;
  readonly observer?: CallObserver | undefined;
}

/** Where an instance's memory is counted. */
type MemoryAccount = Pick<InstanceBudget, 'grow'>;

export interface InstanceOptions {
  readonly spec: FunctionSpec;
  readonly prepared: PreparedModule;
  readonly deps: RuntimeDeps;
  readonly account: MemoryAccount;
  /** What initialising may take. */
  readonly timeoutMs: number;
  /** Of another instance, to begin and to go back to. */
  readonly image?: GuestImage;
  /** Whether the guest is to have an image to go back to. */
  readonly needsImage: boolean;
}

/**
 * One live guest: an Extism plugin that the SDK has linked and that we call.
 *
 * One call at a time; the pool sees to it. After a call that left the guest in a state nobody knows, `isReusable` is
 * false and it must be closed.
 */
export class PluginInstance {
  isReusable = true;
  /** Calls made so far. */
  calls = 0;
  /** Of the last call. */
  lastRun: GuestRun | undefined;
  /** What making it took, initialisation included; set by who made it. */
  createMs = 0;
  /** What calls may compute beyond their limit, for what V8 has to compile in them. */
  extraCpuMs = 0;
  readonly createdAtMs: number;
  /** Whether nothing it imports waits, so that it can be called without a way to be suspended. */
  readonly canRunPlain: boolean;

  private readonly spec: FunctionSpec;
  private readonly deps: RuntimeDeps;
  private readonly guest: Guest;
  private readonly plugin: Plugin;
  private readonly exports: Readonly<Record<string, unknown>>;
  private readonly entry: Entry;
  /** By the names of `otherFunctionNames`. */
  private readonly otherEntries: ReadonlyMap<string, Entry>;
  private readonly fuel: WebAssembly.Global;
  private readonly hook: YieldHook;
  private readonly growthFailed: WebAssembly.Global;
  private readonly state: GuestState;
  private readonly account: MemoryAccount;
  /** More memory than this and it is not kept after a call. */
  private keptMaxBytes = Number.POSITIVE_INFINITY;
  private countedBytes = 0;
  private readonly fixedTableBytes: number;
  /** Tables that may grow. */
  private readonly growingTables: readonly WebAssembly.Table[];
  private ownImage: GuestImage | undefined;
  private restorer: (() => boolean) | undefined;
  /** What it is depends on more than its module: host calls it made, or randomness or the time it took, while it was initialised. */
  private isOneOfAKind = false;

  /**
   * Links, instantiates and initialises a guest.
   *
   * Throws `config.compile_failed`: an import that cannot be linked, a missing export, a trap or a missed deadline while
   * initialising. Throws `capacity.pool_exhausted` when the thread has no memory left for it.
   */
  static async create(options: InstanceOptions): Promise<PluginInstance> {
    const { spec, prepared, image } = options;
    const { guest, linked } = linkGuest(options);
    const plugin = await instantiate(prepared, linked.imports);
    const { exports } = await plugin.getInstance();
    const instance = new PluginInstance(options, guest, plugin, exports, !linked.suspends);
    try {
      if (image !== undefined) instance.beginFrom(image);
      const untouched = options.needsImage && image === undefined ? GuestImage.take(instance.state, false) : undefined;
      if (image?.isInitialised !== true) await instance.initialise(options.timeoutMs);
      if (untouched !== undefined) instance.keepImage(untouched);
      instance.keptMaxBytes = Math.max(spec.limits.instanceKeptMaxBytes, instance.state.memory?.buffer.byteLength ?? 0);
      if (!instance.recount()) throw new AppError('capacity.pool_exhausted', { detail: 'the memory for guests is used up' });
      return instance;
    } catch (error) {
      await instance.close();
      options.account.grow(-instance.countedBytes);
      throw error;
    }
  }

  private constructor(options: InstanceOptions, guest: Guest, plugin: Plugin, exports: Readonly<Record<string, unknown>>, canRunPlain: boolean) {
    const { spec, deps } = options;
    this.spec = spec;
    this.deps = deps;
    this.account = options.account;
    this.guest = guest;
    this.plugin = plugin;
    this.exports = exports;
    this.canRunPlain = canRunPlain;
    this.createdAtMs = deps.clock.nowMs();
    this.growthFailed = exports[rewrittenExports.growthFailed] as WebAssembly.Global;
    const memory = exports[rewrittenExports.memory] as WebAssembly.Memory | undefined;
    guest.memory = new GuestMemory(memory);
    this.state = { memory, globals: exportsWith<WebAssembly.Global>(exports, restorableGlobalPrefix) };
    const tables = exportsWith<WebAssembly.Table>(exports, guestTablePrefix);
    // What can be restored changes no table.
    const isFixed = exports[rewrittenExports.restorable] !== undefined;
    this.fixedTableBytes = isFixed ? tableBytes(tables) : 0;
    this.growingTables = isFixed ? [] : tables;
    this.entry = entryOf(exports, spec.functionName);
    this.otherEntries = new Map(spec.otherFunctionNames?.map((name) => [name, entryOf(exports, name)]));
    this.fuel = exports[rewrittenExports.fuel] as WebAssembly.Global;
    this.hook = new YieldHook(exports[rewrittenExports.yieldTable] as WebAssembly.Table, () => this.onCheck());
  }

  /** Bytes counted for it: its memory, its kernel's, and its tables. */
  get memoryBytes(): number {
    return this.countedBytes;
  }

  /**
   * Calls the guest, which may be suspended.
   *
   * Throws `plugin.*`, `client.gone`, what `options.read` throws, or `platform.internal` for a fault of ours.
   */
  async call<Output>(input: string | Uint8Array, options: CallOptions<Output>): Promise<CallResult<Output>> {
    const entry = this.entryFor(options);
    const run = this.begin(input, options);
    try {
      await this.execute(run, entry.suspending);
    } finally {
      this.weigh(run, options);
    }
    return this.resultOf(run, options);
  }

  /**
   * The same at once and without a way to suspend it, for a guest that `canRunPlain` and is known to be quick: the thread does nothing
   * else until it returns.
   */
  callPlain<Output>(input: string | Uint8Array, options: CallOptions<Output>): CallResult<Output> {
    const entry = this.entryFor(options);
    const run = this.begin(input, options);
    try {
      this.executePlain(run, entry.plain);
    } finally {
      this.weigh(run, options);
    }
    return this.resultOf(run, options);
  }

  /** What it goes back to, and others of its module can begin from; undefined when it was not to have one or is too large. */
  get image(): GuestImage | undefined {
    return this.ownImage;
  }

  /**
   * Puts the guest back to its image; false when it has none or has grown too large. A guest whose image is not
   * initialised is not ready until `initialiseAgain` has answered true.
   */
  restore(): boolean {
    this.guest.forgetVars();
    return this.restorer?.() ?? false;
  }

  /** False when the guest failed, and must be closed. */
  async initialiseAgain(timeoutMs: number): Promise<boolean> {
    try {
      await this.initialise(timeoutMs);
      return this.recount();
    } catch (error) {
      this.isReusable = false;
      this.deps.log.warn({ err: error, pluginId: this.spec.pluginId }, 'instance could not be initialised again');
      return false;
    }
  }

  async close(): Promise<void> {
    if (this.isReusable) giveBackKernel(this.guest.kernel);
    this.isReusable = false;
    threadGarbage.add(this.countedBytes);
    await this.plugin.close();
  }

  private entryFor({ functionName, signal }: CallOptions<unknown>): Entry {
    const entry = functionName === undefined ? this.entry : this.otherEntries.get(functionName);
    if (entry === undefined) throw new AppError('platform.internal', { detail: `${functionName} is no function of the spec` });
    if (signal?.aborted === true) throw new AppError('client.gone');
    return entry;
  }

  /** Everything of a call that comes before its guest runs. */
  private begin(input: string | Uint8Array, options: CallOptions<unknown>): GuestRun {
    const { limits } = this.spec;
    const runLimits = this.extraCpuMs === 0 ? limits : { ...limits, cpuMs: limits.cpuMs + this.extraCpuMs };
    const run = this.newRun(runLimits, Math.min(limits.wallMs, options.deadline.remainingMs()), options);
    this.lastRun = run;
    this.calls += 1;
    this.guest.begin(run, options.attributes);
    this.growthFailed.value = 0;
    if (!this.guest.kernel.begin(input)) {
      throw new AppError('plugin.limit_exceeded', { detail: 'the input is larger than the plugin can take' });
    }
    return run;
  }

  private resultOf<Output>(run: GuestRun, options: CallOptions<Output>): CallResult<Output> {
    const output = this.readOutput(options);
    return {
      output,
      cpuMs: run.cpuMs,
      wallMs: run.wallMs,
      queueMs: 0,
      hostCalls: run.hostCalls,
      httpCalls: run.httpCalls,
      hostBytes: run.hostBytes,
      hostMs: run.hostMs,
      memoryBytes: this.countedBytes,
    };
  }

  private newRun(limits: RunLimits, wallMs: number, { log, signal, observer }: RunParties): GuestRun {
    const { clock } = this.deps;
    return new GuestRun({ limits, wallMs, log, signal, observer, clock, turns: threadTurns, owner: this.spec, fuel: this.fuel });
  }

  private costsOf(run: GuestRun): CallCosts {
    const { cpuMs, wallMs, hostCalls, httpCalls, hostBytes, hostMs } = run;
    return { cpuMs, wallMs, hostCalls, httpCalls, hostBytes, hostMs, memoryBytes: this.countedBytes };
  }

  private executePlain(run: GuestRun, entry: () => unknown): void {
    this.hook.answerPlainly();
    let result: unknown;
    try {
      result = run.executePlain(entry);
    } catch (error) {
      this.afterThrow(error, run);
      return;
    } finally {
      this.guest.log.flush();
    }
    this.afterReturn(result);
  }

  /** Settles when the guest has returned without an error; throws what else became of it. */
  private async execute(run: GuestRun, entry: () => Promise<unknown>): Promise<void> {
    this.hook.answerSuspending();
    let result: unknown;
    try {
      result = await run.execute(entry);
    } catch (error) {
      this.afterThrow(error, run);
      return;
    } finally {
      this.guest.log.flush();
    }
    this.afterReturn(result);
  }

  private afterReturn(result: unknown): void {
    const hasFailed = result !== undefined && result !== 0 && result !== 0n;
    if (this.guest.kernel.error() === undefined && !hasFailed) return;
    throw new AppError('plugin.failed', { detail: this.said() ?? `the plugin returned ${String(result)}` });
  }

  /** What the guest set as its error, unless that is nothing. */
  private said(): string | undefined {
    const message = this.guest.kernel.error();
    const said = message === undefined ? '' : cleanBytes(message);
    return said === '' ? undefined : said;
  }

  /** Closed, not returned: after a trap, an exit or a cut the guest's memory may hold half of someone's request. */
  private afterThrow(error: unknown, run: GuestRun): void {
    this.isReusable = false;
    const context: FailureContext = {
      run,
      hasGrowthFailed: this.growthFailed.value === 1,
      memoryMaxBytes: this.spec.limits.memoryMaxBytes,
      said: () => this.said(),
    };
    const failure = run.ended === undefined && run.exitCode !== undefined ? failureOfExit(run.exitCode, context) : failureOf(error, context);
    if (failure !== undefined) throw failure;
  }

  /** What the guest wrote, read while it still lies in the kernel. A guest that wrote what cannot be read is not kept. */
  private readOutput<Output>({ read }: CallOptions<Output>): Output {
    const { responseMaxBytes } = this.spec.limits;
    const output = this.guest.kernel.output(responseMaxBytes);
    if (output === undefined) {
      throw new AppError('plugin.limit_exceeded', { detail: `the output has more than ${responseMaxBytes} bytes` });
    }
    try {
      return read(output);
    } catch (error) {
      this.isReusable = false;
      throw error;
    }
  }

  /** After a call: an instance that has grown large is not kept, because memory never shrinks. */
  private weigh(run: GuestRun, { observer }: CallOptions<unknown>): void {
    const fits = this.recount();
    const { memory } = this.state;
    const isLarge = memory !== undefined && memory.buffer.byteLength > this.keptMaxBytes;
    if (!fits || isLarge || this.guest.kernel.isOvergrown) this.isReusable = false;
    observer?.onEnd(this.costsOf(run));
  }

  /** Counts the memory there is now; false when the thread's budget does not hold it. */
  private recount(): boolean {
    const memoryBytes = (this.state.memory?.buffer.byteLength ?? 0) + this.guest.kernel.memoryBytes;
    const bytes = memoryBytes + this.fixedTableBytes + tableBytes(this.growingTables);
    const added = bytes - this.countedBytes;
    this.countedBytes = bytes;
    return added <= 0 || this.account.grow(added);
  }

  private onCheck(): number | Promise<number> {
    const { run } = this.guest;
    run.expectStack();
    if (!this.recount()) run.end(new AppError('capacity.overloaded', { detail: 'the memory for guests is used up on this node' }));
    return run.check(this.fuel);
  }

  /** What instantiating would have run without a deadline, in its order; the rewriting made exports of it. */
  private async initialise(timeoutMs: number): Promise<void> {
    const deadlineMs = this.deps.clock.nowMs() + timeoutMs;
    // Of a guest that is initialised again, what the call before it left.
    this.guest.kernel.begin('');
    for (const name of [rewrittenExports.startFunction, rewrittenExports.initialize, rewrittenExports.haskellInit]) {
      const exported = this.exports[name];
      if (exported === undefined) continue;
      const leftMs = Math.max(0, deadlineMs - this.deps.clock.nowMs());
      const { hostCallsMax, httpCallsMax } = this.spec.limits;
      const run = this.newRun({ cpuMs: leftMs, hostCallsMax, httpCallsMax }, leftMs, this.deps);
      this.guest.begin(run);
      try {
        await this.execute(run, WebAssembly.promising(exported));
      } catch (error) {
        const { detail = 'unknown' } = AppError.from(error);
        throw new AppError('config.compile_failed', { detail: `initialising the plugin failed: ${detail}`, cause: error });
      }
      if (!this.isReusable) throw exitedWhileInitialising();
      if (run.hostCalls > 0 || this.guest.randomBytes > 0 || this.guest.hasReadClock) this.isOneOfAKind = true;
    }
  }

  private beginFrom(image: GuestImage): void {
    this.ownImage = image;
    this.restorer = image.restorerOf(this.state);
    // What is not initialised is as new as this instance.
    if (image.isInitialised && !this.restorer()) throw new AppError('platform.internal', { detail: 'a new instance does not fit its image' });
  }

  /** Of the guest as it is now if that depends on its module alone, else of how it was before it was initialised. */
  private keepImage(untouched: GuestImage): void {
    const image = this.isOneOfAKind ? untouched : GuestImage.take(this.state);
    this.ownImage = image;
    this.restorer = image?.restorerOf(this.state);
  }
}

/** Throws `config.compile_failed` for what cannot be linked, or called, whatever its code would do; nothing of the guest runs. */
export function refuseUnlinkable(options: Pick<InstanceOptions, 'spec' | 'prepared' | 'deps'>): void {
  giveBackKernel(linkGuest(options).guest.kernel);
}

function linkGuest({ spec, prepared, deps }: Pick<InstanceOptions, 'spec' | 'prepared' | 'deps'>): { guest: Guest; linked: LinkedImports } {
  for (const name of [spec.functionName, ...(spec.otherFunctionNames ?? [])]) refuseEntry(name, prepared);
  const guest = new Guest(spec, deps);
  return { guest, linked: linkImports(prepared.imports, guest) };
}

function entryOf(exports: Readonly<Record<string, unknown>>, functionName: string): Entry {
  const exported = exports[rewrittenExportOf(functionName)];
  return { plain: exported as () => unknown, suspending: WebAssembly.promising(exported) };
}

function exitedWhileInitialising(): AppError {
  const detail = 'the plugin exited while initialising';
  return new AppError('config.compile_failed', { detail, cause: new AppError('plugin.failed', { detail }) });
}

function tableBytes(tables: readonly WebAssembly.Table[]): number {
  let entries = 0;
  for (const table of tables) entries += table.length;
  return entries * tableEntryBytes;
}

/** Always in the same order. */
function exportsWith<T>(exports: Readonly<Record<string, unknown>>, prefix: string): T[] {
  return Object.keys(exports)
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => exports[name] as T);
}

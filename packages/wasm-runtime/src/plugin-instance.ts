import { createPlugin, type Plugin } from '@extism/extism';
import { AppError } from '@torii/contracts';
import { rewrittenExportOf, rewrittenExports } from '@torii/wasm-binary';
import type { CallOptions, CallResult, FunctionSpec, RuntimeDeps } from './function-spec.js';
import { Guest } from './guest.js';
import { GuestMemory } from './guest-memory.js';
import { GuestRun, type RunLimits } from './guest-run.js';
import { cleanBytes } from './host-functions/guest-log.js';
import { yieldGateBase64 } from './kernel/kernel.generated.js';
import { type LinkedImports, linkImports } from './link-imports.js';
import type { PreparedModule } from './prepare-module.js';
import { threadTurns } from './turn-queue.js';

const yieldGate = new WebAssembly.Module(Buffer.from(yieldGateBase64, 'base64'));

type PromisingExport = () => Promise<unknown>;

/**
 * One live guest: an Extism plugin that the SDK has linked and that we call.
 *
 * One call at a time; the pool sees to it. After a call that left the guest in a state nobody knows, `isReusable` is
 * false and it must be closed.
 */
export class PluginInstance {
  isReusable = true;

  private readonly spec: FunctionSpec;
  private readonly deps: RuntimeDeps;
  private readonly guest: Guest;
  private readonly plugin: Plugin;
  private readonly exports: Readonly<Record<string, unknown>>;
  private readonly entry: PromisingExport;
  private readonly growthFailed: WebAssembly.Global;

  /**
   * Links, instantiates and initialises a guest within `timeoutMs`.
   *
   * Throws `config.compile_failed`: an import that cannot be linked, a missing export, a trap or a missed deadline while
   * initialising.
   */
  static async create(spec: FunctionSpec, prepared: PreparedModule, deps: RuntimeDeps, timeoutMs: number): Promise<PluginInstance> {
    refuseEntry(spec.functionName, prepared);
    const guest = new Guest(spec, deps);
    const linked = linkImports(prepared.imports, guest);
    const plugin = await instantiate(prepared, linked);
    const { exports } = await plugin.getInstance();
    const instance = new PluginInstance(spec, deps, guest, plugin, exports);
    await instance.initialise(timeoutMs);
    return instance;
  }

  private constructor(spec: FunctionSpec, deps: RuntimeDeps, guest: Guest, plugin: Plugin, exports: Readonly<Record<string, unknown>>) {
    this.spec = spec;
    this.deps = deps;
    this.guest = guest;
    this.plugin = plugin;
    this.exports = exports;
    this.growthFailed = exports[rewrittenExports.growthFailed] as WebAssembly.Global;
    guest.memory = new GuestMemory(exports[rewrittenExports.memory] as WebAssembly.Memory | undefined);
    this.entry = WebAssembly.promising(exports[rewrittenExportOf(spec.functionName)]);
    this.setYieldHook();
  }

  /** Throws `plugin.*`, `client.gone`, or `platform.internal` for a fault of ours. */
  async call(input: string | Uint8Array, options: CallOptions): Promise<CallResult> {
    const { limits } = this.spec;
    if (options.signal?.aborted === true) throw new AppError('client.gone');
    const run = this.newRun({ ...limits, wallMs: Math.min(limits.wallMs, options.deadline.remainingMs()) }, options);
    this.guest.begin(run);
    this.growthFailed.value = 0;
    if (!this.guest.kernel.begin(input)) {
      throw new AppError('plugin.limit_exceeded', { detail: 'the input is larger than the plugin can take' });
    }
    try {
      await this.execute(run, this.entry);
    } finally {
      if (this.guest.kernel.isOvergrown) this.isReusable = false;
    }
    const output = this.guest.kernel.output(limits.responseMaxBytes);
    if (output === undefined) {
      throw new AppError('plugin.limit_exceeded', { detail: `the output has more than ${limits.responseMaxBytes} bytes` });
    }
    return { output, cpuMs: run.cpuMs, wallMs: run.wallMs, hostCalls: run.hostCalls, httpCalls: run.httpCalls };
  }

  async close(): Promise<void> {
    this.isReusable = false;
    await this.plugin.close();
  }

  private newRun(limits: RunLimits, options: Pick<CallOptions, 'log' | 'signal'>): GuestRun {
    const { log, signal } = options;
    return new GuestRun({ limits, log, clock: this.deps.clock, turns: threadTurns, ...(signal === undefined ? {} : { signal }) });
  }

  /** Settles when the guest has returned without an error; throws what else became of it. */
  private async execute(run: GuestRun, entry: PromisingExport): Promise<void> {
    let result: unknown;
    try {
      result = await run.execute(entry);
    } catch (error) {
      // Closed, not returned: after a trap or a cut the guest's memory may hold half of someone's request.
      this.isReusable = false;
      if (run.ended === undefined && run.exitCode !== undefined) return this.exited(run.exitCode);
      throw this.failureOf(error, run);
    } finally {
      this.guest.log.flush();
    }
    const message = this.guest.kernel.error();
    const hasFailed = result !== undefined && result !== 0 && result !== 0n;
    if (message === undefined && !hasFailed) return;
    const said = message === undefined ? '' : cleanBytes(message);
    throw new AppError('plugin.failed', { detail: said === '' ? `the plugin returned ${String(result)}` : said });
  }

  /** `exit(0)` is a way to end a call; the instance is used up all the same. */
  private exited(code: number): void {
    if (code === 0) return;
    if (this.growthFailed.value === 1) throw this.memoryExceeded();
    throw new AppError('plugin.failed', { detail: `the plugin exited with code ${code}` });
  }

  private failureOf(error: unknown, run: GuestRun): AppError {
    if (run.ended !== undefined) return run.ended;
    // By name: a trap may come from another realm's WebAssembly.
    const { name, message } = describe(error);
    if (name === 'RangeError') return new AppError('plugin.trapped', { detail: 'the call stack is exhausted', cause: error });
    if (name !== 'RuntimeError' && name !== 'Exception') return new AppError('platform.internal', { cause: error });
    if (this.growthFailed.value === 1) return this.memoryExceeded(error);
    return new AppError('plugin.trapped', { detail: name === 'Exception' ? 'an exception was not caught' : message, cause: error });
  }

  private memoryExceeded(cause?: unknown): AppError {
    return new AppError('plugin.memory_exceeded', { detail: `the plugin needs more than ${this.spec.limits.memoryMaxBytes} bytes of memory`, cause });
  }

  /** What instantiating would have run without a deadline, in its order; the rewriting made exports of it. */
  private async initialise(timeoutMs: number): Promise<void> {
    const deadlineMs = this.deps.clock.nowMs() + timeoutMs;
    for (const name of [rewrittenExports.startFunction, rewrittenExports.initialize, rewrittenExports.haskellInit]) {
      const exported = this.exports[name];
      if (exported === undefined) continue;
      const leftMs = Math.max(0, deadlineMs - this.deps.clock.nowMs());
      const { hostCallsMax, httpCallsMax } = this.spec.limits;
      const run = this.newRun({ cpuMs: leftMs, wallMs: leftMs, hostCallsMax, httpCallsMax }, { log: this.deps.log });
      this.guest.begin(run);
      const initialiser = WebAssembly.promising(exported);
      try {
        await this.execute(run, initialiser);
      } catch (error) {
        const { detail = 'unknown' } = AppError.from(error);
        throw new AppError('config.compile_failed', { detail: `initialising the plugin failed: ${detail}`, cause: error });
      }
      if (!this.isReusable) throw new AppError('config.compile_failed', { detail: 'the plugin exited while initialising' });
    }
  }

  private setYieldHook(): void {
    const fuel = this.exports[rewrittenExports.fuel] as WebAssembly.Global;
    const onCheck = new WebAssembly.Suspending(() => this.guest.run.check(fuel));
    const gate = new WebAssembly.Instance(yieldGate, { host: { yield: onCheck } });
    (this.exports[rewrittenExports.yieldTable] as WebAssembly.Table).set(0, gate.exports.check);
  }
}

/** A plugin's entry takes nothing and returns a number or nothing: input and output go through the kernel. */
function refuseEntry(functionName: string, prepared: PreparedModule): void {
  const name = rewrittenExportOf(functionName);
  const found = prepared.exports.find((entry) => entry.name === name && entry.kind === 'function');
  if (found === undefined) throw new AppError('config.compile_failed', { detail: `the module has no exported function "${functionName}"` });
  const { params = [], results = [] } = found;
  if (params.length > 0 || results.length > 1 || !results.every((type) => type === 'i32' || type === 'i64')) {
    throw new AppError('config.compile_failed', { detail: `the exported function "${functionName}" must take nothing and return i32 or nothing` });
  }
}

/**
 * The SDK calls `.bind(null, context)` on whatever it is given for an import and links what that returns. So it can be
 * handed functions it would otherwise wrap: wasm exports of the kernel and suspending ones (js-sdk 2.0.0-rc13,
 * foreground-plugin.ts). Everything else it could do for a guest (WASI, HTTP, config) stays off.
 */
async function instantiate({ module }: PreparedModule, linked: LinkedImports): Promise<Plugin> {
  const functions: Record<string, Record<string, () => never>> = {};
  for (const [namespace, implementations] of Object.entries(linked)) {
    const bound = Object.entries(implementations).map(([name, implementation]) => [name, { bind: () => implementation }]);
    functions[namespace] = Object.fromEntries(bound);
  }
  try {
    return await createPlugin(
      { wasm: [{ module, name: 'main' } as never] },
      { functions, useWasi: false, runInWorker: false, allowedHosts: [], config: {}, fetch: refuseFetch },
    );
  } catch (error) {
    throw new AppError('config.compile_failed', { detail: `the module cannot be instantiated: ${describe(error).message}`, cause: error });
  }
}

/** Nothing of the SDK may fetch; should an import ever slip through to it, this is what it gets. */
function refuseFetch(): Promise<never> {
  return Promise.reject(new Error('outbound HTTP does not go through the SDK'));
}

function describe(error: unknown): { readonly name: string; readonly message: string } {
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown };
  const constructorName = (error as object | null)?.constructor?.name;
  return { name: typeof name === 'string' ? name : (constructorName ?? 'unknown'), message: typeof message === 'string' ? message : String(error) };
}

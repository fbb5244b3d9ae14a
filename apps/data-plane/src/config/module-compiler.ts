import { canonicalJson, sha256 } from '@torii/config-sync';
import { AppError, pluginVersionKey, type Snapshot, type SnapshotPlugin } from '@torii/contracts';
import { compilePrepared, memoryMaxPagesOf, type PreparedModule, rewriterVersion } from '@torii/wasm-runtime';
import type { CompiledSnapshot, PluginBundle } from '../threads/thread-messages.js';
import { AtMost } from './at-most.js';
import { CompiledAhead } from './compiled-ahead.js';

/** Where a node gets a module's bytes. */
interface ArtifactSource {
  get(sha256: string): Promise<Uint8Array>;
}

/** Makes guests' modules of uploaded ones; `RewriteThread` outside tests. */
interface Rewriter {
  rewrite(bytes: Uint8Array, limits: { readonly memoryMaxBytes: number }): Promise<Uint8Array>;
}

/** Where rewritten modules are kept; `PreparedCache` outside tests. */
interface RewrittenStore {
  get(name: string): Promise<Uint8Array | undefined>;
  put(name: string, bytes: Uint8Array): Promise<void>;
}

export interface Preparation {
  readonly plugin: SnapshotPlugin;
  readonly durationMs: number;
  readonly isFromDisk: boolean;
  /** False for a plugin of a draft. */
  readonly isSaved: boolean;
}

export interface ModuleCompilerDeps {
  readonly artifacts: ArtifactSource;
  readonly rewriter: Rewriter;
  readonly store: RewrittenStore;
  /** Of rewritten modules that are compiled before they are called (bytes); those beyond it are compiled as they are. */
  readonly aheadMaxBytes: number;
  readonly onPrepared?: (preparation: Preparation) => void;
}

/** By their names. */
type Modules = Map<string, Promise<PreparedModule>>;

/** Modules that are fetched, read, rewritten or compiled at once: each has its bytes in memory twice. */
const parallelMax = 4;

/**
 * Prepares and compiles the modules of configurations, off the request path and, but for the last steps, off the main
 * thread. A module is compiled once however many plugins and revisions use it, as long as the newest revision does.
 */
export class ModuleCompiler {
  private readonly places = new AtMost(parallelMax);
  private readonly ahead: CompiledAhead;
  /** Of the newest configuration. */
  private compiled: Modules = new Map();
  /** Of configurations and drafts that are being compiled. */
  private readonly underWay = new Set<Modules>();

  constructor(private readonly deps: ModuleCompilerDeps) {
    this.ahead = new CompiledAhead(deps.aheadMaxBytes);
  }

  /** Throws `config.unknown_artifact`, `config.digest_mismatch` or `config.compile_failed`, naming the plugin. */
  async compile(snapshot: Snapshot): Promise<CompiledSnapshot> {
    return this.using(async (next) => {
      const plugins = await this.bundles(snapshot.plugins, next);
      this.compiled = next;
      return {
        revision: snapshot.revision,
        plugins,
        globalPlugins: snapshot.globalPlugins ?? [],
        routes: snapshot.routes,
        debugEpoch: snapshot.debugEpoch,
      };
    });
  }

  /** The same for plugins of a draft, of which some are not saved: what is compiled for it alone is forgotten at once. */
  compileBeside(plugins: readonly SnapshotPlugin[], unsaved: ReadonlySet<string>): Promise<PluginBundle[]> {
    return this.using((modules) => this.bundles(plugins, modules, unsaved));
  }

  /** What the work has compiled ahead is counted until it is done, and after that as long as the newest configuration uses it. */
  private async using<Result>(work: (modules: Modules) => Promise<Result>): Promise<Result> {
    const modules: Modules = new Map();
    this.underWay.add(modules);
    try {
      return await work(modules);
    } finally {
      this.underWay.delete(modules);
      this.ahead.retainOnly([this.compiled, ...this.underWay]);
    }
  }

  /** Adds what it uses to `next`. */
  private async bundles(plugins: readonly SnapshotPlugin[], next: Modules, unsaved: ReadonlySet<string> = new Set()): Promise<PluginBundle[]> {
    const bundles = plugins.map((plugin): Promise<PluginBundle> => {
      const name = rewrittenName(plugin);
      const preparing =
        next.get(name) ?? this.compiled.get(name) ?? this.places.run(() => this.prepare(name, plugin, !unsaved.has(pluginVersionKey(plugin))));
      next.set(name, preparing);
      return bundle(plugin, preparing);
    });
    // All are waited for, so that none goes on for a configuration that was refused while the next one begins.
    const settled = await Promise.allSettled(bundles);
    return settled.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  private async prepare(name: string, plugin: SnapshotPlugin, isSaved: boolean): Promise<PreparedModule> {
    const startedAtMs = performance.now();
    const { prepared, isFromDisk } = await this.load(name, plugin);
    this.deps.onPrepared?.({ plugin, durationMs: performance.now() - startedAtMs, isFromDisk, isSaved });
    return prepared;
  }

  private async load(name: string, plugin: SnapshotPlugin): Promise<{ prepared: PreparedModule; isFromDisk: boolean }> {
    const { artifacts, rewriter, store } = this.deps;
    const kept = await store.get(name);
    // Bytes that are no longer taken, such as by another engine, are made again.
    const prepared = kept === undefined ? undefined : await this.compileOne(name, kept).catch(() => undefined);
    if (prepared !== undefined) return { prepared, isFromDisk: true };
    const rewritten = await rewriter.rewrite(await artifacts.get(plugin.sha256), plugin.limits);
    await store.put(name, rewritten);
    return { prepared: await this.compileOne(name, rewritten), isFromDisk: false };
  }

  private compileOne(name: string, rewritten: Uint8Array): Promise<PreparedModule> {
    return compilePrepared(rewritten, { isLazy: !this.ahead.take(name, rewritten.length) });
  }
}

/** Everything the rewritten bytes depend on. */
function rewrittenName({ sha256: digest, limits }: SnapshotPlugin): string {
  return `${digest}.${rewriterVersion}.${memoryMaxPagesOf(limits.memoryMaxBytes)}`;
}

async function bundle(plugin: SnapshotPlugin, preparing: Promise<PreparedModule>): Promise<PluginBundle> {
  const key = `${pluginVersionKey(plugin)} ${sha256(canonicalJson(plugin))}`;
  try {
    return { key, plugin, prepared: await preparing };
  } catch (error) {
    const { code, message } = AppError.from(error);
    throw new AppError(code, { detail: `plugin ${plugin.name} version ${plugin.version}: ${message}`, cause: error });
  }
}

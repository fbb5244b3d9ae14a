import { canonicalJson, sha256 } from '@torii/config-sync';
import { AppError, pluginVersionKey, type Snapshot, type SnapshotPlugin } from '@torii/contracts';
import { type PreparedModule, prepareModule } from '@torii/wasm-runtime';
import type { CompiledSnapshot, PluginBundle } from '../threads/thread-messages.js';

/** Where a node gets a module's bytes. */
export interface ArtifactSource {
  get(sha256: string): Promise<Uint8Array>;
}

/**
 * Prepares and compiles the modules of configurations on the main thread, off the request path. A module is compiled
 * once however many plugins and revisions use it, as long as the newest revision does.
 */
export class ModuleCompiler {
  private compiled = new Map<string, Promise<PreparedModule>>();

  constructor(private readonly artifacts: ArtifactSource) {}

  /** Throws `config.unknown_artifact`, `config.digest_mismatch` or `config.compile_failed`, naming the plugin. */
  async compile(snapshot: Snapshot): Promise<CompiledSnapshot> {
    const next = new Map<string, Promise<PreparedModule>>();
    const plugins: PluginBundle[] = [];
    for (const plugin of snapshot.plugins) {
      const moduleKey = `${plugin.sha256}/${plugin.limits.memoryMaxBytes}`;
      const preparing = next.get(moduleKey) ?? this.compiled.get(moduleKey) ?? this.prepare(plugin);
      next.set(moduleKey, preparing);
      plugins.push({ key: `${pluginVersionKey(plugin)} ${sha256(canonicalJson(plugin))}`, plugin, prepared: await named(plugin, preparing) });
    }
    this.compiled = next;
    return { revision: snapshot.revision, plugins, routes: snapshot.routes };
  }

  private async prepare(plugin: SnapshotPlugin): Promise<PreparedModule> {
    return prepareModule(await this.artifacts.get(plugin.sha256), { memoryMaxBytes: plugin.limits.memoryMaxBytes });
  }
}

async function named(plugin: SnapshotPlugin, preparing: Promise<PreparedModule>): Promise<PreparedModule> {
  try {
    return await preparing;
  } catch (error) {
    const { code, message } = AppError.from(error);
    throw new AppError(code, { detail: `plugin ${plugin.name} version ${plugin.version}: ${message}`, cause: error });
  }
}

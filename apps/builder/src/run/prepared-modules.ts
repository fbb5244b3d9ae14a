import { createHash } from 'node:crypto';
import type { FunctionSettings } from '@torii/contracts';
import { compilePrepared, memoryMaxPagesOf, type PreparedModule, RewriteThread } from '@torii/wasm-runtime';

export interface PreparedModulesOptions {
  /** What one module may take to be rewritten. */
  readonly prepareTimeoutMs: number;
  /** Modules kept, and the bytes of their rewritten form together: the least recently used go first. */
  readonly keptMax: number;
  readonly keptMaxBytes: number;
}

export interface Preparation {
  readonly prepared: PreparedModule;
  /** Both 0 when it was there already. */
  readonly fetchMs: number;
  readonly prepareMs: number;
}

/** Modules made ready to run, by the sha256 of the artifact and the memory they may have. */
export class PreparedModules {
  private readonly options: PreparedModulesOptions;
  private readonly rewriter: RewriteThread;
  /** The most recently used last. */
  private readonly kept = new Map<string, PreparedModule>();
  private readonly underWay = new Map<string, Promise<Preparation>>();
  private keptBytes = 0;

  constructor(options: PreparedModulesOptions) {
    this.options = options;
    this.rewriter = new RewriteThread({ timeoutMs: options.prepareTimeoutMs });
  }

  /** The artifact with that hash; `fetch` is asked for its bytes unless it is kept. Throws what that throws, and `config.compile_failed`. */
  async get(sha256: string, { limits }: Pick<FunctionSettings, 'limits'>, fetch: () => Promise<Uint8Array>): Promise<Preparation> {
    const name = `${sha256}.${memoryMaxPagesOf(limits.memoryMaxBytes)}`;
    const kept = this.kept.get(name);
    if (kept !== undefined) {
      this.kept.delete(name);
      this.kept.set(name, kept);
      return { prepared: kept, fetchMs: 0, prepareMs: 0 };
    }
    const underWay = this.underWay.get(name) ?? this.prepare(name, limits, fetch).finally(() => this.underWay.delete(name));
    this.underWay.set(name, underWay);
    return underWay;
  }

  /** The same for bytes that are here. */
  of(wasm: Uint8Array, settings: Pick<FunctionSettings, 'limits'>): Promise<Preparation> {
    return this.get(createHash('sha256').update(wasm).digest('hex'), settings, () => Promise.resolve(wasm));
  }

  async close(): Promise<void> {
    await this.rewriter.close();
  }

  private async prepare(name: string, limits: FunctionSettings['limits'], fetch: () => Promise<Uint8Array>): Promise<Preparation> {
    const startedAtMs = performance.now();
    const wasm = await fetch();
    const fetchedAtMs = performance.now();
    const prepared = await compilePrepared(await this.rewriter.rewrite(wasm, limits));
    this.keep(name, prepared);
    return { prepared, fetchMs: fetchedAtMs - startedAtMs, prepareMs: performance.now() - fetchedAtMs };
  }

  private keep(name: string, prepared: PreparedModule): void {
    const { keptMax, keptMaxBytes } = this.options;
    if (prepared.rewrittenBytes > keptMaxBytes) return;
    this.kept.set(name, prepared);
    this.keptBytes += prepared.rewrittenBytes;
    for (const [oldest, { rewrittenBytes }] of this.kept) {
      if (this.kept.size <= keptMax && this.keptBytes <= keptMaxBytes) return;
      this.kept.delete(oldest);
      this.keptBytes -= rewrittenBytes;
    }
  }
}

import { AppError, type CurrentRevision, type ErrorCode, type Snapshot } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';

/** Where configurations come from; `SnapshotSource` outside tests. */
export interface ConfigSource {
  watch(onNotice: () => void): void;
  current(): Promise<CurrentRevision | undefined>;
  fetch(current: CurrentRevision): Promise<Snapshot>;
}

export interface ConfigAgentOptions {
  readonly source: ConfigSource;
  /** Compiles and swaps; whatever it throws leaves the old configuration in place. */
  readonly activate: (snapshot: Snapshot) => Promise<void>;
  /** Called after every change of state; must not throw. */
  readonly onChange: () => void;
  readonly log: Logger;
}

export interface Rejection {
  readonly current: CurrentRevision;
  readonly code: ErrorCode;
  readonly detail: string;
}

/** What may be over at the next try; any other refusal lasts until another revision is current. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'config.unknown_artifact',
  'platform.redis',
  'platform.internal',
  'capacity.pool_exhausted',
  'capacity.overloaded',
]);
const retryFirstMs = 250;
const retryMaxMs = 5_000;

/**
 * Keeps a node on the newest configuration: notice, fetch, verify, activate, acknowledge. While one configuration is
 * being activated any number of notices are one, so a burst of changes costs the first and the last of them.
 */
export class ConfigAgent {
  private isRunning = false;
  private isNoticed = false;
  private isStopped = false;
  private retryMs = retryFirstMs;
  private retryTimer: NodeJS.Timeout | undefined;
  private activeRevision: CurrentRevision | undefined;
  private refusal: Rejection | undefined;
  private trouble: string | undefined = 'waiting for Redis';

  constructor(private readonly options: ConfigAgentOptions) {}

  get active(): CurrentRevision | undefined {
    return this.activeRevision;
  }

  /** The newest configuration that was refused, until another one is applied. */
  get rejected(): Rejection | undefined {
    return this.refusal;
  }

  /** Why the node may be behind, in words; undefined when it is not. */
  get waitingFor(): string | undefined {
    return this.trouble;
  }

  start(): void {
    this.options.source.watch(() => this.notice());
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.retryTimer);
  }

  private notice(): void {
    this.isNoticed = true;
    if (!this.isRunning && !this.isStopped) void this.run();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.isNoticed && !this.isStopped) {
      this.isNoticed = false;
      await this.catchUp();
    }
    this.isRunning = false;
  }

  private async catchUp(): Promise<void> {
    let current: CurrentRevision | undefined;
    try {
      current = await this.options.source.current();
      if (current === undefined) {
        this.trouble = 'waiting for the first configuration';
        return;
      }
      if (!this.isWanted(current)) {
        this.trouble = this.refusal?.detail;
        return;
      }
      const startedAtMs = performance.now();
      const snapshot = await this.options.source.fetch(current);
      await this.options.activate(snapshot);
      this.activeRevision = current;
      this.refusal = undefined;
      this.retryMs = retryFirstMs;
      this.trouble = undefined;
      this.options.log.info({ revision: current.revision, durationMs: Math.round(performance.now() - startedAtMs) }, 'revision activated');
      this.options.onChange();
    } catch (error) {
      this.refuse(AppError.from(error), current);
    }
  }

  /** Newer than what is active, or of another life of the control plane; and not refused for good before. */
  private isWanted(current: CurrentRevision): boolean {
    const refused = this.refusal;
    if (refused !== undefined && isSame(refused.current, current) && !passing.has(refused.code)) return false;
    const active = this.activeRevision;
    if (active === undefined || active.incarnation !== current.incarnation) return true;
    return current.revision > active.revision;
  }

  private refuse(error: AppError, current: CurrentRevision | undefined): void {
    const { log, onChange } = this.options;
    const isNews =
      current === undefined ? this.trouble !== error.message : this.refusal?.code !== error.code || !isSame(this.refusal.current, current);
    if (isNews) {
      const facts = { revision: current?.revision, code: error.code, detail: error.detail, err: error.cause };
      if (current === undefined) log.warn(facts, 'configuration cannot be looked up');
      else log.error(facts, 'revision rejected');
    }
    if (current !== undefined) this.refusal = { current, code: error.code, detail: error.message };
    this.trouble = error.message;
    if (current !== undefined && isNews) onChange();
    if (passing.has(error.code)) this.retryLater();
  }

  private retryLater(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.notice(), this.retryMs);
    this.retryTimer.unref();
    this.retryMs = Math.min(this.retryMs * 2, retryMaxMs);
  }
}

function isSame(a: CurrentRevision, b: CurrentRevision): boolean {
  return a.incarnation === b.incarnation && a.revision === b.revision && a.hash === b.hash;
}

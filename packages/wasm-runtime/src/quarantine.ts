import { AppError } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';

export interface QuarantineOptions {
  /** Offences within `windowMs` that put a plugin under quarantine, when they are at least half of its calls. */
  readonly offencesMin: number;
  readonly windowMs: number;
  /** The first quarantine; each that follows a relapse lasts twice as long as the one before. */
  readonly backOffMs: number;
  readonly backOffMaxMs: number;
}

const defaults: QuarantineOptions = { offencesMin: 20, windowMs: 10_000, backOffMs: 1_000, backOffMaxMs: 60_000 };

/**
 * Keeps a plugin that does little but trap or burn its CPU budget from costing the thread an instance and a budget for
 * each request: its calls are refused at once for a while. When that is over one call is let through as a probe; if it
 * ends well the plugin is free, if not it is kept for twice as long.
 */
export class Quarantine {
  private readonly options: QuarantineOptions;
  private readonly clock: Clock;
  private windowStartedAtMs: number;
  private calls = 0;
  private offences = 0;
  private freeAtMs: number | undefined;
  private backOffMs: number;
  private isProbing = false;
  private count = 0;

  constructor(clock: Clock, options: Partial<QuarantineOptions> = {}) {
    this.clock = clock;
    this.options = { ...defaults, ...options };
    this.backOffMs = this.options.backOffMs;
    this.windowStartedAtMs = clock.nowMs();
  }

  /** How often the plugin was put under quarantine. */
  get times(): number {
    return this.count;
  }

  /** Throws `plugin.quarantined`, with the time after which a caller may try again. */
  enter(): void {
    if (this.freeAtMs === undefined) return;
    const leftMs = this.freeAtMs - this.clock.nowMs();
    if (leftMs <= 0 && !this.isProbing) {
      this.isProbing = true;
      return;
    }
    const retryAfterSeconds = Math.max(1, Math.ceil(leftMs / 1000));
    throw new AppError('plugin.quarantined', {
      detail: 'the plugin failed too often in a short time and is not called for a while',
      headers: { 'retry-after': String(retryAfterSeconds) },
    });
  }

  /** To be called when a call that was let through is over; undefined when that says nothing about the guest. */
  leave(isOffence: boolean | undefined): void {
    if (this.freeAtMs !== undefined) {
      this.endProbe(isOffence);
      return;
    }
    if (isOffence === undefined) return;
    const nowMs = this.clock.nowMs();
    if (nowMs - this.windowStartedAtMs > this.options.windowMs) this.startWindow(nowMs);
    this.calls += 1;
    if (!isOffence) return;
    this.offences += 1;
    if (this.offences >= this.options.offencesMin && this.offences * 2 >= this.calls) this.confine(nowMs);
  }

  /** Puts the plugin under quarantine whatever its calls were. */
  confine(nowMs = this.clock.nowMs()): void {
    this.count += 1;
    this.freeAtMs = nowMs + this.backOffMs;
    // A probe that is under way ends before its time, and must not be waited for.
    this.isProbing = false;
    this.backOffMs = Math.min(this.backOffMs * 2, this.options.backOffMaxMs);
  }

  /** Calls that were under way when the quarantine began end here too; only what ends after its time is a probe. */
  private endProbe(isOffence: boolean | undefined): void {
    const nowMs = this.clock.nowMs();
    if (!this.isProbing || nowMs < (this.freeAtMs ?? 0)) return;
    if (isOffence === true) {
      this.confine(nowMs);
      return;
    }
    this.isProbing = false;
    if (isOffence === undefined) return;
    this.freeAtMs = undefined;
    this.startWindow(nowMs);
  }

  private startWindow(nowMs: number): void {
    // A quiet window forgives: the next quarantine is a step shorter.
    if (this.offences === 0) this.backOffMs = Math.max(this.options.backOffMs, this.backOffMs / 2);
    this.windowStartedAtMs = nowMs;
    this.calls = 0;
    this.offences = 0;
  }
}

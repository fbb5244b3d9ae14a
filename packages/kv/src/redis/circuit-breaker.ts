import type { Clock } from '@torii/service-kit';

export interface CircuitBreakerOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Timeouts in a row after which nothing more is tried. */
  readonly maxTimeouts?: number;
  /** How long nothing is tried; then one attempt is, and its outcome decides. */
  readonly openMs?: number;
}

/**
 * Keeps calls from waiting for a server that does not answer: after a few timeouts in a row it refuses at once.
 * Errors that come quickly cost nobody time, and change nothing here.
 */
export class CircuitBreaker {
  private readonly maxTimeouts: number;
  private readonly openMs: number;
  private timeouts = 0;
  private closedUntilMs = 0;
  private isProbing = false;

  constructor(private readonly options: CircuitBreakerOptions) {
    this.maxTimeouts = options.maxTimeouts ?? 5;
    this.openMs = options.openMs ?? 1_000;
  }

  /** Whether an attempt may be made now; each one that may is to be followed by one of the three below. */
  tryEnter(): boolean {
    if (this.timeouts < this.maxTimeouts) return true;
    if (this.isProbing || this.options.clock.nowMs() < this.closedUntilMs) return false;
    this.isProbing = true;
    return true;
  }

  succeeded(): void {
    this.timeouts = 0;
    this.isProbing = false;
  }

  /** The server may well be there; the attempt failed for another reason. */
  failed(): void {
    this.isProbing = false;
  }

  timedOut(): void {
    this.timeouts += 1;
    this.isProbing = false;
    this.closedUntilMs = this.options.clock.nowMs() + this.openMs;
  }
}

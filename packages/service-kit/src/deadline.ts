import type { Clock } from './clock.js';

/** A moment by which something must be done; a timeout (`…Ms`) becomes one exactly once. */
export class Deadline {
  private readonly atMs: number;
  private readonly clock: Clock;

  private constructor(atMs: number, clock: Clock) {
    this.atMs = atMs;
    this.clock = clock;
  }

  static after(timeoutMs: number, clock: Clock): Deadline {
    return new Deadline(clock.nowMs() + timeoutMs, clock);
  }

  /** The one at that reading of the clock, for who has just read it. */
  static at(atMs: number, clock: Clock): Deadline {
    return new Deadline(atMs, clock);
  }

  /** Never negative. */
  remainingMs(): number {
    return Math.max(0, this.atMs - this.clock.nowMs());
  }

  get isPast(): boolean {
    return this.clock.nowMs() >= this.atMs;
  }

  /** The one so much later. */
  later(byMs: number): Deadline {
    return new Deadline(this.atMs + byMs, this.clock);
  }

  /** The earlier of this deadline and `timeoutMs` from now. */
  sooner(timeoutMs: number): Deadline {
    return new Deadline(Math.min(this.atMs, this.clock.nowMs() + timeoutMs), this.clock);
  }
}

import type { BuildJob, BuildOutcome, BuildStage } from '@torii/contracts';
import { type Job, UnrecoverableError } from 'bullmq';
import type { BuildProgress } from './build-events.js';
import type { HoldTimes } from './hold-times.js';

/** The job in the queue, and what shows that it is held. */
export interface Held {
  readonly queued: Job;
  readonly token: string;
  readonly hold: HoldTimes;
}

/**
 * A build that this builder, and no other, works on until it gives it away by `complete`, `fail`, `postpone` or
 * `handBack`. Each of these rejects when Redis does not answer, and may be tried again; and when the build was lost
 * meanwhile, as `lost` then says.
 */
export class TakenBuild {
  /** 1 unless it was begun before: by a builder that died, was stopped, or failed. */
  readonly attempts: number;
  /** Aborted when this builder's hold on the build has run out: another one may be working on it. */
  readonly lost: AbortSignal;
  private readonly loss = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly queued: Job;
  private readonly token: string;
  private readonly lockMs: number;
  private heldUntilMs: number;

  constructor(
    readonly job: BuildJob,
    { queued, token, hold }: Held,
  ) {
    this.queued = queued;
    this.token = token;
    this.lockMs = hold.lockMs;
    this.attempts = queued.attemptsStarted;
    this.lost = this.loss.signal;
    this.heldUntilMs = performance.now() + this.lockMs;
    this.timer = setInterval(() => void this.renew(), hold.lockRenewalMs);
  }

  /** Tells whoever watches; that Redis did not take it is no reason to stop. */
  async stage(stage: BuildStage): Promise<void> {
    const progress: BuildProgress = { stage, attempts: this.attempts };
    await this.queued.updateProgress(progress).catch(() => undefined);
  }

  async complete(outcome: BuildOutcome): Promise<void> {
    await this.give(() => this.queued.moveToCompleted(outcome, this.token, false));
  }

  /** A fault of ours: it is tried again, a little later, until it has been tried `buildQueueLimits.attemptsMax` times. */
  async fail(error: Error): Promise<void> {
    await this.give(() => this.queued.moveToFailed(error, this.token, false));
  }

  /** As `fail`, for what no other attempt can change. */
  async giveUp(reason: string): Promise<void> {
    await this.give(() => this.queued.moveToFailed(new UnrecoverableError(reason), this.token, false));
  }

  /** To be begun again after that time, by any builder; does not count as an attempt that failed. */
  async postpone(delayMs: number): Promise<void> {
    await this.give(() => this.queued.moveToDelayed(Date.now() + delayMs, this.token));
  }

  /** To be begun next, by any builder; does not count as an attempt that failed. */
  async handBack(): Promise<void> {
    await this.give(() => this.queued.moveToWait(this.token));
  }

  /** Lets it go without a word: others notice in `HoldTimes.lockMs`. */
  abandon(): void {
    clearInterval(this.timer);
  }

  private async give(move: () => Promise<unknown>): Promise<void> {
    try {
      await move();
    } catch (error) {
      if (isRefusal(error)) this.lose();
      throw error;
    }
    clearInterval(this.timer);
  }

  private async renew(): Promise<void> {
    const atMs = performance.now();
    try {
      const isHeld = (await this.queued.extendLock(this.token, this.lockMs)) === 1;
      if (isHeld) this.heldUntilMs = atMs + this.lockMs;
      else this.lose();
    } catch {
      // Without an answer the hold may still be there, for a while.
      if (performance.now() >= this.heldUntilMs) this.lose();
    }
  }

  private lose(): void {
    clearInterval(this.timer);
    this.loss.abort(new Error('the build was lost: its builder could not say in time that it is still there'));
  }
}

/** BullMQ numbers what its scripts refuse: no such job, no such lock, a lock of somebody else. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && error.code < 0;
}

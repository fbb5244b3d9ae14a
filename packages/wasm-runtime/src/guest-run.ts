import { AppError } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { TurnQueue } from './turn-queue.js';

export interface RunLimits {
  /** Time the guest may compute; suspended time does not count. */
  readonly cpuMs: number;
  /** Time the run may take in all. */
  readonly wallMs: number;
  readonly hostCallsMax: number;
  readonly httpCallsMax: number;
}

export interface RunOptions {
  readonly limits: RunLimits;
  readonly clock: Clock;
  readonly turns: TurnQueue;
  readonly log: Logger;
  readonly signal?: AbortSignal;
}

/** Fuel between two checks: a fraction of a millisecond of plain code, some tenths of a second of the slowest there is. */
const fuelPerCheck = 250_000;
/** A guest computes this long before it lets others go on. */
const sliceMs = 1;
/** Thrown again and again to a guest that goes on after its exit, so it is made, with its stack, only once. */
const hasExited = new Error('the guest has exited');

/**
 * One call of a guest under its budgets.
 *
 * When a budget is used up, or the caller is gone, the run has *ended*: the caller's promise is rejected at once, a
 * pending wait is rejected so that the guest unwinds, every further host call throws, and the next fuel check traps.
 * Timers and listeners exist only for runs that suspend; a run that never does is bounded by its fuel checks.
 */
export class GuestRun {
  readonly log: Logger;
  hostCalls = 0;
  httpCalls = 0;
  /** Why the run ended before the guest returned. */
  ended: AppError | undefined;
  /** Set when the guest called `proc_exit`. */
  exitCode: number | undefined;

  private readonly limits: RunLimits;
  private readonly clock: Clock;
  private readonly turns: TurnQueue;
  private readonly callerSignal: AbortSignal | undefined;
  private readonly startedAtMs: number;
  private readonly wallAtMs: number;
  private spentMs = 0;
  private resumedAtMs: number;
  private sliceStartedAtMs: number;
  private isRunning = true;
  private rejectCaller: ((error: AppError) => void) | undefined;
  private rejectWait: ((error: AppError) => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private abortController: AbortController | undefined;

  constructor(options: RunOptions) {
    this.limits = options.limits;
    this.clock = options.clock;
    this.turns = options.turns;
    this.log = options.log;
    this.callerSignal = options.signal;
    this.startedAtMs = this.clock.nowMs();
    this.wallAtMs = this.startedAtMs + options.limits.wallMs;
    this.resumedAtMs = this.startedAtMs;
    this.sliceStartedAtMs = this.startedAtMs;
  }

  /** Calls the guest. Rejects with `ended` as soon as the run ends, else settles as the guest does. */
  execute(entry: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.rejectCaller = reject;
      entry().then(
        (result) => {
          this.finish();
          resolve(result);
        },
        (error: unknown) => {
          this.finish();
          reject(error);
        },
      );
    });
  }

  /** The guest's yield hook: 0 to go on, 1 to trap. Refills the fuel. */
  check(fuel: WebAssembly.Global): number | Promise<number> {
    const nowMs = this.clock.nowMs();
    if (this.isOver(nowMs)) return 1;
    fuel.value = fuelPerCheck;
    if (nowMs - this.sliceStartedAtMs < sliceMs) return 0;
    this.suspend();
    return this.turns.next().then(() => {
      this.resume();
      // Only here, not after other waits: some are over before the event loop has turned.
      this.sliceStartedAtMs = this.resumedAtMs;
      return this.isOver(this.resumedAtMs) ? 1 : 0;
    });
  }

  /** What a suspending host function returns: the promise, cut when the run ends. */
  wait<T>(pending: Promise<T>): Promise<T> {
    this.suspend();
    return new Promise((resolve, reject) => {
      this.rejectWait = reject;
      const settle = (go: () => void): void => {
        if (this.ended !== undefined) return;
        this.rejectWait = undefined;
        this.resume();
        go();
      };
      pending.then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
  }

  /** Counts a host call; throws when the run has ended or this call is one too many. */
  countHostCall(): void {
    this.throwIfOver();
    this.hostCalls += 1;
    if (this.hostCalls > this.limits.hostCallsMax) throw this.end(limitExceeded(`more than ${this.limits.hostCallsMax} host calls in one call`));
  }

  countHttpCall(): void {
    this.httpCalls += 1;
    if (this.httpCalls > this.limits.httpCallsMax) throw this.end(limitExceeded(`more than ${this.limits.httpCallsMax} HTTP calls in one call`));
  }

  /**
   * Every call of the host begins here. It looks at the clock too: what the host does for a guest may take a thousand
   * times longer than the fuel for calling it says.
   */
  throwIfOver(): void {
    if (!this.isOver(this.clock.nowMs())) return;
    throw this.ended ?? hasExited;
  }

  /** Ends the run; only the first reason counts. Answers the reason, to be thrown. */
  end(reason: AppError): AppError {
    if (this.ended !== undefined) return this.ended;
    this.ended = reason;
    this.finish();
    this.rejectWait?.(reason);
    this.rejectCaller?.(reason);
    return reason;
  }

  /** Aborted when the run ends or is over; for work that is done on the guest's behalf. */
  get signal(): AbortSignal {
    this.abortController ??= new AbortController();
    return this.abortController.signal;
  }

  get cpuMs(): number {
    return this.spentMs + (this.isRunning ? this.clock.nowMs() - this.resumedAtMs : 0);
  }

  get wallMs(): number {
    return this.clock.nowMs() - this.startedAtMs;
  }

  /** Time left until the wall deadline, never negative. */
  get remainingMs(): number {
    return Math.max(0, this.wallAtMs - this.clock.nowMs());
  }

  private isOver(nowMs: number): boolean {
    if (this.ended !== undefined || this.exitCode !== undefined) return true;
    const { cpuMs } = this.limits;
    if (this.spentMs + nowMs - this.resumedAtMs > cpuMs) this.end(deadlineExceeded(`the plugin computed for more than ${cpuMs} ms`));
    else if (nowMs >= this.wallAtMs) this.end(this.wallExceeded());
    return this.ended !== undefined;
  }

  private suspend(): void {
    this.spentMs = this.cpuMs;
    this.isRunning = false;
    if (this.timer === undefined && this.ended === undefined) this.watch();
  }

  private resume(): void {
    this.resumedAtMs = this.clock.nowMs();
    this.isRunning = true;
  }

  private watch(): void {
    this.timer = setTimeout(() => this.end(this.wallExceeded()), this.remainingMs);
    if (this.callerSignal?.aborted === true) this.onCallerGone();
    else this.callerSignal?.addEventListener('abort', this.onCallerGone, { once: true });
  }

  private readonly onCallerGone = (): void => {
    this.end(new AppError('client.gone'));
  };

  private wallExceeded(): AppError {
    return deadlineExceeded(`the plugin took longer than ${Math.round(this.limits.wallMs)} ms`);
  }

  private finish(): void {
    this.spentMs = this.cpuMs;
    this.isRunning = false;
    if (this.timer !== undefined) {
      clearTimeout(this.timer);
      this.callerSignal?.removeEventListener('abort', this.onCallerGone);
    }
    this.abortController?.abort();
  }
}

function deadlineExceeded(detail: string): AppError {
  return new AppError('plugin.deadline_exceeded', { detail });
}

function limitExceeded(detail: string): AppError {
  return new AppError('plugin.limit_exceeded', { detail });
}

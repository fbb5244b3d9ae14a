import { AppError } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { CallObserver } from './call-observer.js';
import { type CpuClock, CpuMeter, threadCpuClock } from './cpu-meter.js';
import type { CallerSignal } from './function-spec.js';
import { expectStack } from './kernel/stack-probe.js';
import { sliceMs, type TurnQueue } from './turn-queue.js';

export interface RunLimits {
  /** Time the guest may compute; suspended time does not count. */
  readonly cpuMs: number;
  readonly hostCallsMax: number;
  readonly httpCallsMax: number;
}

export interface RunOptions {
  readonly limits: RunLimits;
  /** Time the run may take in all. */
  readonly wallMs: number;
  readonly clock: Clock;
  /** Of this thread; left out, the system's. */
  readonly cpuClock?: CpuClock;
  readonly turns: TurnQueue;
  /** Whose turns it takes; left out, its own. */
  readonly owner?: object;
  readonly log: Logger;
  readonly signal: CallerSignal | undefined;
  /** What the guest may still spend before its next check; only guests that call the host need it. */
  readonly fuel?: WebAssembly.Global;
  readonly observer?: CallObserver | undefined;
}

/** A call of a host function. */
export interface HostCallInProgress {
  readonly name: string;
  readonly startedAtMs: number;
  /** Bytes it has been given so far, and has answered. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Fuel between two checks: a fraction of a millisecond of plain code, some tenths of a second of the slowest there is. */
const fuelPerCheck = 250_000;
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
  /** Who watches it; mostly nobody does. */
  readonly observer: CallObserver | undefined;
  hostCalls = 0;
  httpCalls = 0;
  /** Bytes that host functions were given and answered. */
  hostBytes = 0;
  /** Time in host functions, waiting included. */
  hostMs = 0;
  /** Why the run ended before the guest returned. */
  ended: AppError | undefined;
  /** Set when the guest called `proc_exit`. */
  exitCode: number | undefined;
  /** Whether it ended because the guest computed for too long, not because it waited. */
  hasSpentCpu = false;
  /** Whether the guest runs without a way to be suspended: it then never gives way before it returns. */
  private isPlain = false;

  private readonly limits: RunLimits;
  private readonly wallLimitMs: number;
  private readonly clock: Clock;
  private readonly turns: TurnQueue;
  private readonly callerSignal: CallerSignal | undefined;
  private readonly fuel: WebAssembly.Global | undefined;
  readonly owner: object;
  readonly startedAtMs: number;
  private readonly wallAtMs: number;
  private finishedAtMs: number | undefined;
  private readonly meter: CpuMeter;
  private sliceStartedAtMs: number;
  private rejectCaller: ((error: AppError) => void) | undefined;
  private rejectWait: ((error: AppError) => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private onCallerGone: (() => void) | undefined;
  private abortController: AbortController | undefined;

  constructor(options: RunOptions) {
    this.limits = options.limits;
    this.wallLimitMs = options.wallMs;
    this.clock = options.clock;
    this.turns = options.turns;
    this.owner = options.owner ?? this;
    this.log = options.log;
    this.observer = options.observer;
    this.callerSignal = options.signal;
    this.fuel = options.fuel;
    this.startedAtMs = this.clock.nowMs();
    this.wallAtMs = this.startedAtMs + options.wallMs;
    this.meter = new CpuMeter(this.startedAtMs, options.cpuClock ?? threadCpuClock);
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

  /** Calls a guest that imports nothing that waits. Answers or throws what the guest does, or `ended`. */
  executePlain(entry: () => unknown): unknown {
    this.isPlain = true;
    try {
      return entry();
    } finally {
      this.finish();
    }
  }

  /** The guest's yield hook: 0 to go on, 1 to trap. Refills the fuel. */
  check(fuel: WebAssembly.Global): number | Promise<number> {
    const nowMs = this.clock.nowMs();
    if (this.isOver(nowMs)) return 1;
    fuel.value = fuelPerCheck;
    if (this.isPlain || nowMs - this.sliceStartedAtMs < sliceMs) return 0;
    this.suspend();
    return this.turns.next(this).then(() => {
      this.resume();
      // Only here, not after other waits: some are over before the event loop has turned.
      this.sliceStartedAtMs = this.meter.stretchStartedAtMs;
      return this.isOver(this.sliceStartedAtMs) ? 1 : 0;
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

  /** To be called before the host does anything for the guest; a guest that is suspended leaves the host a stack of its own. */
  expectStack(): void {
    if (this.isPlain) expectStack();
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

  /** Adds up what a host call that is over has cost. */
  countHostCost({ name, startedAtMs, bytesIn, bytesOut }: HostCallInProgress): void {
    const durationMs = this.clock.nowMs() - startedAtMs;
    this.hostBytes += bytesIn + bytesOut;
    this.hostMs += durationMs;
    if (this.observer === undefined) return;
    this.observer.onHostCall({ name, startMs: startedAtMs - this.startedAtMs, durationMs, bytesIn, bytesOut });
  }

  /** Time since it began, also after it is over. */
  get elapsedMs(): number {
    return this.clock.nowMs() - this.startedAtMs;
  }

  /**
   * Every call of the host begins here. It looks at the clock too: what the host does for a guest may take a thousand
   * times longer than the fuel for calling it says. So a guest that has computed for long enough, or catches what this
   * throws, comes to its next check at once.
   */
  throwIfOver(): void {
    this.expectStack();
    const nowMs = this.clock.nowMs();
    const isOver = this.isOver(nowMs);
    if (isOver || this.hasUsedSlice(nowMs)) this.expectCheck();
    if (isOver) throw this.ended ?? hasExited;
  }

  /** Ends the run; only the first reason counts. Answers the reason, to be thrown. */
  end(reason: AppError): AppError {
    if (this.ended !== undefined) return this.ended;
    this.ended = reason;
    this.finish();
    this.turns.release(this);
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
    return this.meter.totalMs(this.finishedAtMs ?? this.clock.nowMs());
  }

  get wallMs(): number {
    return (this.finishedAtMs ?? this.clock.nowMs()) - this.startedAtMs;
  }

  /** Time left until the wall deadline, never negative. */
  get remainingMs(): number {
    return Math.max(0, this.wallAtMs - this.clock.nowMs());
  }

  private isOver(nowMs: number): boolean {
    if (this.ended !== undefined || this.exitCode !== undefined) return true;
    const { cpuMs } = this.limits;
    if (this.meter.exceeds(cpuMs, nowMs)) {
      this.hasSpentCpu = true;
      this.end(deadlineExceeded(`the plugin computed for more than ${Math.round(cpuMs)} ms`));
    } else if (nowMs >= this.wallAtMs) this.end(this.wallExceeded());
    return this.ended !== undefined;
  }

  /** Whether the guest has computed for a slice without a wait. One that cannot be suspended has no slices. */
  private hasUsedSlice(nowMs: number): boolean {
    return !this.isPlain && nowMs - Math.max(this.sliceStartedAtMs, this.meter.stretchStartedAtMs) >= sliceMs;
  }

  private expectCheck(): void {
    if (this.fuel !== undefined) this.fuel.value = 0;
  }

  private suspend(): void {
    this.meter.pause(this.clock.nowMs());
    if (this.timer === undefined && this.ended === undefined) this.watch();
  }

  private resume(): void {
    this.meter.resume(this.clock.nowMs());
  }

  private watch(): void {
    this.timer = setTimeout(() => this.end(this.wallExceeded()), this.remainingMs);
    if (this.callerSignal === undefined) return;
    const onCallerGone = (): void => void this.end(new AppError('client.gone'));
    this.onCallerGone = onCallerGone;
    if (this.callerSignal.aborted) onCallerGone();
    else this.callerSignal.addEventListener('abort', onCallerGone, { once: true });
  }

  private wallExceeded(): AppError {
    return deadlineExceeded(`the plugin took longer than ${Math.round(this.wallLimitMs)} ms`);
  }

  private finish(): void {
    const nowMs = this.clock.nowMs();
    this.finishedAtMs ??= nowMs;
    this.meter.pause(nowMs);
    if (this.timer !== undefined) clearTimeout(this.timer);
    if (this.onCallerGone !== undefined) this.callerSignal?.removeEventListener('abort', this.onCallerGone);
    this.abortController?.abort();
  }
}

function deadlineExceeded(detail: string): AppError {
  return new AppError('plugin.deadline_exceeded', { detail });
}

function limitExceeded(detail: string): AppError {
  return new AppError('plugin.limit_exceeded', { detail });
}

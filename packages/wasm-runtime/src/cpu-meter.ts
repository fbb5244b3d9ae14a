/** A stretch that has lasted longer is measured by the thread's own clock too (ms). */
const measuredAboveMs = 1;
/** How old a reading of the thread's clock may be for the beginning of a stretch (ms): about what the reading itself lags behind. */
const recentMs = 4;

/** CPU time of a thread. Reading it is a system call, so the beginning of most stretches takes a reading from just before. */
export class CpuClock {
  private readonly read: () => number;
  private readAtMs = Number.NEGATIVE_INFINITY;
  private lastMs = 0;

  /** `read` answers the milliseconds this thread has computed; it may lag behind by a tick of the system's scheduler. */
  constructor(read: () => number = readThreadCpuMs) {
    this.read = read;
  }

  now(nowMs: number): number {
    this.readAtMs = nowMs;
    this.lastMs = this.read();
    return this.lastMs;
  }

  /** At most four milliseconds old. */
  recent(nowMs: number): number {
    return nowMs - this.readAtMs < recentMs ? this.lastMs : this.now(nowMs);
  }
}

/**
 * How long a guest has computed, over all stretches between its waits.
 *
 * Time on the clock is the cheap measure, and an upper bound: on a machine with more to do than it has cores it also
 * counts what the thread was kept waiting for. So a stretch that was not short counts as the CPU time of its thread.
 */
export class CpuMeter {
  private readonly cpu: CpuClock;
  private spentMs = 0;
  private resumedAtMs: number;
  private resumedCpuMs: number;
  private isRunning = true;

  constructor(nowMs: number, cpu: CpuClock) {
    this.cpu = cpu;
    this.resumedAtMs = nowMs;
    this.resumedCpuMs = cpu.recent(nowMs);
  }

  /** When the stretch under way, or the last one, began. */
  get stretchStartedAtMs(): number {
    return this.resumedAtMs;
  }

  exceeds(limitMs: number, nowMs: number): boolean {
    return this.spentMs + nowMs - this.resumedAtMs > limitMs && this.totalMs(nowMs) > limitMs;
  }

  pause(nowMs: number): void {
    this.spentMs = this.totalMs(nowMs);
    this.isRunning = false;
  }

  resume(nowMs: number): void {
    this.resumedAtMs = nowMs;
    this.resumedCpuMs = this.cpu.recent(nowMs);
    this.isRunning = true;
  }

  totalMs(nowMs: number): number {
    return this.spentMs + (this.isRunning ? this.stretchMs(nowMs) : 0);
  }

  private stretchMs(nowMs: number): number {
    const elapsedMs = nowMs - this.resumedAtMs;
    return elapsedMs <= measuredAboveMs ? elapsedMs : Math.min(elapsedMs, this.cpu.now(nowMs) - this.resumedCpuMs);
  }
}

/** The one of this thread. */
export const threadCpuClock = new CpuClock();

function readThreadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

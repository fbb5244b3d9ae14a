/** A call that computed for longer is long: so much the thread may be held without giving way. */
const longRunMs = 5;
/** Calls that must have been short before the first one that cannot be suspended. */
const trustAfterCalls = 16;
const trustAgainAfterCalls = 1_000;
/** A plugin that may compute for longer than this at a stretch is always run so that it can be suspended. */
const plainMaxCpuMs = 100;

/**
 * Learns whether a plugin's calls are short. A short call that waits for nothing need not be suspendable, which saves a
 * microsecond or two; one that turns out long holds its thread for at most its CPU budget, and is trusted no more.
 */
export class CallPace {
  private readonly canTrust: boolean;
  private toTrust = trustAfterCalls;

  constructor(cpuMs: number) {
    this.canTrust = cpuMs <= plainMaxCpuMs;
  }

  get isShort(): boolean {
    return this.canTrust && this.toTrust <= 0;
  }

  note(cpuMs: number): void {
    if (cpuMs > longRunMs) this.toTrust = trustAgainAfterCalls;
    else if (this.toTrust > 0) this.toTrust -= 1;
  }
}

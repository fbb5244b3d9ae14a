const lookEveryMs = 20;

/**
 * Notices when this process did not get to run for a while. A node that stops closes connections on which nothing comes for
 * half a second: a client that stood still for as long cannot blame it for the request that it sent afterwards.
 */
export class Standstill {
  /** The longest time so far (ms). */
  longestMs = 0;
  private lastLookAtMs = performance.now();
  private readonly timer = setInterval(() => this.look(), lookEveryMs);

  /** Whether it was long enough for an idle connection to be closed. */
  end(): boolean {
    clearInterval(this.timer);
    this.look();
    return this.longestMs > idleConnectionMs;
  }

  private look(): void {
    const nowMs = performance.now();
    this.longestMs = Math.max(this.longestMs, nowMs - this.lastLookAtMs);
    this.lastLookAtMs = nowMs;
  }
}

/** Less than what a node that stops gives an idle connection: the answer before has been on its way, too. */
const idleConnectionMs = 300;

export interface LoadShedderOptions {
  /** How late the event loop may be, and how long requests of one turn may take together (ms). */
  readonly lagMs: number;
  /** How long it must have been later than that without a break before load is shed (ms). */
  readonly patienceMs?: number;
  readonly nowMs?: () => number;
}

const defaultPatienceMs = 500;

/**
 * Decides, before any work is done for it, whether a request is refused because the thread has more than it can do.
 *
 * As CoDel does (RFC 8289): a queue that is long for a moment is a burst and is served; one that has not been short for
 * a while means that more comes in than goes out, and serving all of it would only make everyone wait. Requests wait in
 * their sockets for the event loop, so its lag is the length of the queue. Once that has lasted, each turn of the loop
 * serves what comes within `lagMs` and refuses the rest at once: the thread goes on working without a pause, and nobody
 * waits much longer than that. It ends when the lag has fallen below half.
 */
export class LoadShedder {
  private readonly lagMs: number;
  private readonly patienceMs: number;
  private readonly nowMs: () => number;
  private shortAtMs: number;
  private isShedding = false;
  private turnStartedAtMs: number | undefined;

  constructor(options: LoadShedderOptions) {
    this.lagMs = options.lagMs;
    this.patienceMs = options.patienceMs ?? defaultPatienceMs;
    this.nowMs = options.nowMs ?? (() => performance.now());
    this.shortAtMs = this.nowMs();
  }

  get isOverloaded(): boolean {
    return this.isShedding;
  }

  /** To be called regularly with how late the event loop is. */
  sample(lagMs: number): void {
    const nowMs = this.nowMs();
    if (lagMs <= (this.isShedding ? this.lagMs / 2 : this.lagMs)) {
      this.shortAtMs = nowMs;
      this.isShedding = false;
    } else if (nowMs - this.shortAtMs > this.patienceMs) {
      this.isShedding = true;
    }
  }

  /** Whether this request is to be refused. */
  refuses(): boolean {
    if (!this.isShedding) return false;
    const nowMs = this.nowMs();
    if (this.turnStartedAtMs === undefined) {
      this.turnStartedAtMs = nowMs;
      setImmediate(() => {
        this.turnStartedAtMs = undefined;
      });
    }
    return nowMs - this.turnStartedAtMs >= this.lagMs;
  }
}

export interface LoadShedderOptions {
  /** How late the event loop may be, and how long requests of one turn may take together (ms). */
  readonly lagMs: number;
  /** How long each look must have found it later than that before load is shed (ms). */
  readonly patienceMs?: number;
  readonly nowMs?: () => number;
}

const defaultPatienceMs = 500;

/**
 * Decides, before any work is done for it, whether a request is refused because the thread has more than it can do.
 *
 * As CoDel does (RFC 8289): a queue that is long for a moment is a burst and is served; one that has not been short for
 * a while means that more comes in than goes out, and serving all of it would only make everyone wait. That while begins with
 * the first look that finds it long: a thread that stood still for longer, for whatever reason, has found it long once, and
 * gets that time to serve what has come meanwhile. Requests wait in
 * their sockets for the event loop, so its lag is the length of the queue. Once that has lasted, each turn of the loop
 * serves what comes within `lagMs` and refuses the rest at once: the thread goes on working without a pause, and nobody
 * waits much longer than that. It ends when the lag has fallen below half.
 */
export class LoadShedder {
  private readonly lagMs: number;
  private readonly patienceMs: number;
  private readonly nowMs: () => number;
  /** The first look that found it late, of all since one that did not. */
  private lateSinceMs: number | undefined;
  private isShedding = false;
  private turnStartedAtMs: number | undefined;

  constructor(options: LoadShedderOptions) {
    this.lagMs = options.lagMs;
    this.patienceMs = options.patienceMs ?? defaultPatienceMs;
    this.nowMs = options.nowMs ?? (() => performance.now());
  }

  get isOverloaded(): boolean {
    return this.isShedding;
  }

  /** To be called regularly with how late the event loop is. */
  sample(lagMs: number): void {
    const nowMs = this.nowMs();
    if (lagMs <= (this.isShedding ? this.lagMs / 2 : this.lagMs)) {
      this.lateSinceMs = undefined;
      this.isShedding = false;
      return;
    }
    this.lateSinceMs ??= nowMs;
    if (nowMs - this.lateSinceMs >= this.patienceMs) this.isShedding = true;
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

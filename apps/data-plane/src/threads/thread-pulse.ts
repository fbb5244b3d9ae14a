import type { BoardRow } from './thread-board.js';

export interface PulseOptions {
  readonly row: BoardRow;
  /** Called every beat with how long the event loop has taken longer than it should have (ms). */
  readonly onBeat: (lagMs: number) => void;
  /** Called about twice a second, with the longest of these since the last time. */
  readonly onWindow: (longestLagMs: number) => void;
  readonly beatMs?: number;
  readonly beatsPerWindow?: number;
}

const defaultBeatMs = 20;
const defaultBeatsPerWindow = 25;

/** Shows that this thread's event loop turns, and how late it is. */
export class ThreadPulse {
  private readonly options: PulseOptions;
  private readonly beatMs: number;
  private readonly timer: NodeJS.Timeout;
  private lastAtMs = performance.now();
  private beats = 0;
  private longestLagMs = 0;

  constructor(options: PulseOptions) {
    this.options = options;
    this.beatMs = options.beatMs ?? defaultBeatMs;
    this.timer = setInterval(() => this.beat(), this.beatMs);
    this.options.row.beat();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private beat(): void {
    const nowMs = performance.now();
    const lagMs = Math.max(0, nowMs - this.lastAtMs - this.beatMs);
    this.lastAtMs = nowMs;
    this.longestLagMs = Math.max(this.longestLagMs, lagMs);
    this.options.row.beat();
    this.options.onBeat(lagMs);
    this.beats += 1;
    if (this.beats < (this.options.beatsPerWindow ?? defaultBeatsPerWindow)) return;
    this.beats = 0;
    this.options.onWindow(this.longestLagMs);
    this.longestLagMs = 0;
  }
}

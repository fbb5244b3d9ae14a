import type { BoardRow } from './thread-board.js';

export interface SilenceWatchOptions {
  /** A thread that was not heard for longer is reported (ms). */
  readonly silenceMs: number;
  readonly checkMs?: number;
}

interface Watched {
  readonly row: BoardRow;
  readonly onSilent: (silentMs: number) => void;
  beats: number;
  silentMs: number;
}

const defaultCheckMs = 50;
/** Time that passed while this thread, too, did nothing, as when the machine slept, is no silence of the others. */
const lateChecksMax = 2;

/** Looks at the pulses of threads from outside, and reports each that stands still, once. */
export class SilenceWatch {
  private readonly watched = new Set<Watched>();
  private readonly checkMs: number;
  private timer: NodeJS.Timeout | undefined;
  private lastCheckAtMs = 0;

  constructor(private readonly options: SilenceWatchOptions) {
    this.checkMs = Math.min(options.checkMs ?? defaultCheckMs, options.silenceMs);
  }

  /** Watches a thread from its first beat on: until then it is starting, and whoever started it has a deadline. Answers how to end that. */
  watch(row: BoardRow, onSilent: (silentMs: number) => void): () => void {
    const watched = { row, onSilent, beats: row.beats, silentMs: 0 };
    this.watched.add(watched);
    if (this.timer === undefined) {
      this.lastCheckAtMs = performance.now();
      this.timer = setInterval(() => this.check(), this.checkMs);
      this.timer.unref();
    }
    return () => void this.watched.delete(watched);
  }

  close(): void {
    clearInterval(this.timer);
    this.watched.clear();
  }

  private check(): void {
    const nowMs = performance.now();
    const passedMs = Math.min(nowMs - this.lastCheckAtMs, lateChecksMax * this.checkMs);
    this.lastCheckAtMs = nowMs;
    for (const watched of this.watched) {
      const { beats } = watched.row;
      if (beats !== watched.beats || beats === 0) {
        watched.beats = beats;
        watched.silentMs = 0;
        continue;
      }
      watched.silentMs += passedMs;
      if (watched.silentMs <= this.options.silenceMs) continue;
      this.watched.delete(watched);
      watched.onSilent(watched.silentMs);
    }
  }
}

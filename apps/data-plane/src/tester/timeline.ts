/** A stretch of time as Otoroshi's reports have it. */
export interface Span {
  readonly start: number;
  readonly start_fmt: string;
  readonly stop: number;
  readonly stop_fmt: string;
  readonly duration: number;
  readonly duration_ns: number;
}

/** Turns readings of a request's clock into times of day. */
export class Timeline {
  private readonly offsetMs: number;

  constructor(startedAt: Date, startMs: number) {
    this.offsetMs = startedAt.getTime() - startMs;
  }

  span(startMs: number, stopMs: number): Span {
    const [start, stop] = [Math.round(this.offsetMs + startMs), Math.round(this.offsetMs + stopMs)];
    return { start, start_fmt: formatted(start), stop, stop_fmt: formatted(stop), ...lengthOf(stopMs - startMs) };
  }

  at(ms: number): string {
    return formatted(Math.round(this.offsetMs + ms));
  }
}

/** In whole milliseconds, and in nanoseconds, of which the clock has some hundred at once. */
export function lengthOf(ms: number): { readonly duration: number; readonly duration_ns: number } {
  return { duration: Math.floor(ms), duration_ns: nanoseconds(ms) };
}

export function nanoseconds(ms: number): number {
  return Math.max(0, Math.round(ms * 1_000_000));
}

function formatted(ms: number): string {
  return new Date(ms).toISOString();
}

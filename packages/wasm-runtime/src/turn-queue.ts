import { type Clock, systemClock } from '@torii/service-kit';

/** A guest computes this long before it lets others go on. */
export const sliceMs = 0.5;

export interface TurnQueueOptions {
  /** What guests that compute for long may take of a thread that has other work, 0 to 1. */
  readonly share?: number;
  readonly clock?: Clock;
}

const defaultShare = 0.15;

/** Who waits for a turn. */
export interface TurnTaker {
  /** Those of one owner, a plugin, take its turns. */
  readonly owner: object;
  readonly startedAtMs: number;
}

interface Waiting {
  readonly taker: TurnTaker;
  readonly go: () => void;
}

/** A turn of the event loop that took less found nothing to do. */
const quietTurnMs = 0.04;
/** So many quiet turns in a row, and the thread counts as idle. */
const quietTurns = 3;

/**
 * Lets guests that compute for long take turns, one slice at a time, so that whatever the event loop has for others,
 * sockets above all, comes in between.
 *
 * Between two slices the thread belongs to everyone else, until the slices are no more than their share of its time; on
 * a thread that has nothing else to do the next slice begins at once. Bounded by the number of instances: each waits at
 * most once.
 *
 * Plugins take turns; of one plugin the call that began first goes on. So its calls end one after the other: if they
 * shared, they would all take as long as the last, and with too many of them none would end before its deadline.
 */
export class TurnQueue {
  /** By owner, the one whose turn is next first. */
  private readonly waiting = new Map<object, Waiting[]>();
  private readonly restMs: number;
  private readonly clock: Clock;
  private isScheduled = false;
  private restUntilMs = 0;
  private lastTurnAtMs = 0;
  private quiet = 0;

  constructor(options: TurnQueueOptions = {}) {
    const share = Math.min(1, Math.max(0.01, options.share ?? defaultShare));
    this.restMs = sliceMs * (1 / share - 1);
    this.clock = options.clock ?? systemClock;
  }

  next(taker: TurnTaker): Promise<void> {
    return new Promise((go) => {
      const line = this.waiting.get(taker.owner);
      if (line === undefined) this.waiting.set(taker.owner, [{ taker, go }]);
      else line.push({ taker, go });
      if (this.isScheduled) return;
      this.startResting();
      this.schedule();
    });
  }

  /** Lets one go on out of turn, if it waits: it has ended, and only unwinds. */
  release(taker: TurnTaker): void {
    const line = this.waiting.get(taker.owner);
    const index = line?.findIndex((waiting) => waiting.taker === taker) ?? -1;
    if (line === undefined || index === -1) return;
    const [released] = line.splice(index, 1);
    if (line.length === 0) this.waiting.delete(taker.owner);
    released?.go();
  }

  /** How many of the owner's calls wait for a turn. */
  countOf(owner: object): number {
    return this.waiting.get(owner)?.length ?? 0;
  }

  private schedule(): void {
    this.isScheduled = true;
    setImmediate(() => this.turn());
  }

  private turn(): void {
    this.isScheduled = false;
    const nowMs = this.clock.nowMs();
    this.quiet = nowMs - this.lastTurnAtMs < quietTurnMs ? this.quiet + 1 : 0;
    this.lastTurnAtMs = nowMs;
    if (nowMs >= this.restUntilMs || this.quiet >= quietTurns) {
      this.takeNext()?.go();
      this.startResting();
    }
    if (this.waiting.size > 0) this.schedule();
  }

  private takeNext(): Waiting | undefined {
    const [next] = this.waiting;
    if (next === undefined) return undefined;
    const [owner, line] = next;
    let oldest = 0;
    for (const [index, { taker }] of line.entries()) if (taker.startedAtMs < (line[oldest]?.taker.startedAtMs ?? 0)) oldest = index;
    const [taken] = line.splice(oldest, 1);
    this.waiting.delete(owner);
    if (line.length > 0) this.waiting.set(owner, line);
    return taken;
  }

  /** The slice that begins now, and what the thread then owes the others. */
  private startResting(): void {
    this.quiet = 0;
    this.restUntilMs = this.clock.nowMs() + sliceMs + this.restMs;
  }
}

/** The turns of this thread: there is one event loop, so there is one queue. */
export const threadTurns = new TurnQueue();

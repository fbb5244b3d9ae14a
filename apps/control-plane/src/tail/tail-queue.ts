import type { TailEvent, TailRecord } from '@torii/contracts';
import { type Clock, RateBound } from '@torii/service-kit';

export interface TailQueueOptions {
  /** Records a second that pass; more are counted and left out. */
  readonly ratePerSecond: number;
  readonly clock: Clock;
}

type StateEvent = Extract<TailEvent, { type: 'state' }>;

/** Records that wait for a client that takes them slowly; further ones are counted and left out. */
const waitingMax = 1_000;
/** How often to say how many were left out. */
const droppedIntervalMs = 1_000;

/** What one follower still has to be told. Takes whatever comes without ever making anybody wait, and says what it left out. */
export class TailQueue {
  private readonly clock: Clock;
  private readonly bound: RateBound;
  private readonly waiting: TailRecord[] = [];
  /** The newest; one that was not told before it has lost its meaning. */
  private state: StateEvent | undefined;
  private dropped = 0;
  private droppedSaidAtMs = Number.NEGATIVE_INFINITY;
  private wake: () => void = () => undefined;

  constructor({ ratePerSecond, clock }: TailQueueOptions) {
    this.clock = clock;
    this.bound = new RateBound(ratePerSecond, clock.nowMs());
  }

  push(records: readonly TailRecord[], dropped: number): void {
    this.dropped += dropped;
    for (const record of records) {
      if (this.waiting.length < waitingMax && this.bound.takes(this.clock.nowMs())) this.waiting.push(record);
      else this.dropped += 1;
    }
    this.wake();
  }

  say(state: StateEvent): void {
    this.state = state;
    this.wake();
  }

  /** All there is, as it comes, until the signal is aborted. For one reader. */
  async *events(signal: AbortSignal): AsyncGenerator<TailEvent, void, undefined> {
    while (!signal.aborted) {
      const event = this.next();
      if (event === undefined) await this.something(signal);
      else yield event;
    }
  }

  private next(): TailEvent | undefined {
    const { state } = this;
    this.state = undefined;
    if (state !== undefined) return state;
    const nowMs = this.clock.nowMs();
    if (this.dropped > 0 && nowMs - this.droppedSaidAtMs >= droppedIntervalMs) {
      const count = this.dropped;
      this.dropped = 0;
      this.droppedSaidAtMs = nowMs;
      return { type: 'dropped', count };
    }
    const record = this.waiting.shift();
    return record === undefined ? undefined : { ...record, type: 'request' };
  }

  private something(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.dropped > 0 ? setTimeout(() => this.wake(), droppedIntervalMs) : undefined;
      this.wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', this.wake);
        this.wake = () => undefined;
        resolve();
      };
      signal.addEventListener('abort', this.wake, { once: true });
    });
  }
}

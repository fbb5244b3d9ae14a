import { randomUUID } from 'node:crypto';
import { type TailBatch, type TailEvent, type TailFilter, tailLimits } from '@torii/contracts';
import type { TailBus, TailListener } from './tail-bus.js';
import type { TailQueue } from './tail-queue.js';

type FollowingState = Extract<TailEvent, { type: 'state' }>;

/** One who follows: announced to the nodes again and again, and told whether they can be heard. */
export class TailFollower implements TailListener {
  private readonly id = randomUUID();
  private readonly stopListening: () => void;
  private readonly timer: NodeJS.Timeout;
  private isUp = false;
  private isClosed = false;
  private said = '';

  constructor(
    private readonly bus: TailBus,
    private readonly queue: TailQueue,
    private readonly filter: TailFilter,
  ) {
    this.timer = setInterval(() => this.announce(), tailLimits.askIntervalMs);
    this.stopListening = bus.listen(this.id, this);
  }

  onBatch({ records, dropped }: TailBatch): void {
    this.queue.push(records, dropped);
  }

  onUp(): void {
    this.isUp = true;
    this.announce();
  }

  onDown(): void {
    this.isUp = false;
    this.say({ type: 'state', state: 'interrupted', detail: 'Redis is away: requests are not seen until it is back' });
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.stopListening();
    this.bus.announce({ follower: this.id, filter: this.filter, ttlMs: 0 }).catch(() => undefined); // nodes forget it by themselves
  }

  /** Only while batches can be heard: a node forgets a follower whom nothing reaches. */
  private announce(): void {
    if (!this.isUp) return;
    this.bus.announce({ follower: this.id, filter: this.filter, ttlMs: tailLimits.askTtlMs }).then(
      (nodes) => {
        if (this.isUp) this.say({ type: 'state', state: 'following', nodes });
      },
      () => undefined, // the connection that listens says so too, or it comes through the next time
    );
  }

  /** What is new. */
  private say(state: FollowingState): void {
    const text = JSON.stringify(state);
    if (this.isClosed || text === this.said) return;
    this.said = text;
    this.queue.say(state);
  }
}

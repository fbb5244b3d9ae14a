import { Inject, Injectable, type OnModuleDestroy, StreamableFile } from '@nestjs/common';
import { AppError, type TailEvent } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import type { Env } from '../env.js';
import { Answer } from '../http/answer.js';
import { eventStream, type StreamedEntry } from '../http/event-stream.js';
import { CLOCK, ENV } from '../platform/tokens.js';
import { filterOf, type TailQuery } from './tail.query.js';
import { TailBus } from './tail-bus.js';
import { TailFollower } from './tail-follower.js';
import { TailQueue } from './tail-queue.js';

const ended: TailEvent = { type: 'end', detail: 'the time of this stream is over: ask again' };

/** Requests of all nodes as they are answered, for those who follow them. */
@Injectable()
export class TailService implements OnModuleDestroy {
  private readonly closing = new AbortController();
  private streams = 0;

  constructor(
    private readonly bus: TailBus,
    @Inject(ENV) private readonly env: Env,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Before the server closes: who follows comes back, to another control plane or a new one. */
  onModuleDestroy(): void {
    this.closing.abort();
  }

  /** Throws `capacity.overloaded` when as many follow as may. */
  follow(query: TailQuery): Answer<StreamableFile> {
    if (this.streams >= this.env.tail.streamsMax) {
      throw new AppError('capacity.overloaded', { detail: 'too many follow live requests at once: end another one, or raise TORII_TAIL_STREAMS' });
    }
    this.streams += 1;
    const stream = eventStream((gone) => this.entries(query, gone));
    stream.once('close', () => {
      this.streams -= 1;
    });
    const headers = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    return new Answer(200, new StreamableFile(stream, { type: 'text/event-stream' }), headers);
  }

  private async *entries(query: TailQuery, gone: AbortSignal): AsyncGenerator<StreamedEntry, void, undefined> {
    const queue = new TailQueue({ ratePerSecond: query.rate, clock: this.clock });
    const follower = new TailFollower(this.bus, queue, filterOf(query));
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), this.env.tail.streamMaxMs);
    try {
      for await (const entry of queue.events(AbortSignal.any([gone, this.closing.signal, over.signal]))) yield { entry };
      if (over.signal.aborted) yield { entry: ended };
    } finally {
      clearTimeout(timer);
      follower.close();
    }
  }
}

import { type TailFilter, tailLimits } from '@torii/contracts';
import { type Clock, RateBound } from '@torii/service-kit';
import { type RequestFilter, requestFilter } from './request-filter.js';
import type { TailedRequest, TailedTrace } from './tailed-request.js';

/** Who wants what, as the main thread tells the data threads. */
export interface Following {
  readonly follower: string;
  readonly filter: TailFilter;
}

/** What a data thread has for one follower. */
export interface ThreadTailBatch {
  readonly follower: string;
  /** `TailRecord`s, but for fields that are undefined. */
  readonly records: readonly Readonly<Record<string, unknown>>[];
  readonly dropped: number;
}

export interface ThreadTailOptions {
  readonly nodeId: string;
  /** Undefined where the node has none. */
  readonly nodeName?: string | undefined;
  /** Records a second for all followers together, each of whom has an equal share; more are counted and left out. */
  readonly recordsPerSecond: number;
  readonly clock: Clock;
  /** Takes what has come together, at most every `flushMs`. */
  readonly send: (batches: readonly ThreadTailBatch[]) => void;
  readonly flushMs?: number;
}

interface Follower {
  readonly id: string;
  readonly isWanted: RequestFilter;
  readonly sample: number;
  readonly bound: RateBound;
  records: Readonly<Record<string, unknown>>[];
  dropped: number;
}

const defaultFlushMs = 100;

/** Picks the requests of one data thread that somebody follows. While nobody does, `isFollowed` is all there is to look at. */
export class ThreadTail {
  isFollowed = false;
  private readonly options: ThreadTailOptions;
  private followers: readonly Follower[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(options: ThreadTailOptions) {
    this.options = options;
  }

  /** From now on these follow, and nobody else. */
  follow(followings: readonly Following[]): void {
    const { recordsPerSecond, clock, nodeId, nodeName } = this.options;
    const isMeant = ({ filter: { node } }: Following): boolean => node === undefined || node === nodeId || node === nodeName;
    const mine = followings.filter(isMeant);
    const known = new Map(this.followers.map((follower) => [follower.id, follower]));
    this.followers = mine.map(({ follower: id, filter }): Follower => {
      // Its own share: one who wants everything takes nothing from one who wants little.
      const share = recordsPerSecond / mine.length;
      const { bound, records = [], dropped = 0 } = known.get(id) ?? {};
      bound?.change(share, clock.nowMs());
      return {
        id,
        isWanted: requestFilter(filter),
        sample: filter.sample ?? 1,
        bound: bound ?? new RateBound(share, clock.nowMs()),
        records,
        dropped,
      };
    });
    this.isFollowed = this.followers.length > 0;
  }

  /** Tells a request to those who want it. `fieldsOf` is asked only when somebody does. */
  offer(request: TailedRequest, trace: TailedTrace, fieldsOf: () => Readonly<Record<string, unknown>>): void {
    let record: Readonly<Record<string, unknown>> | undefined;
    const nowMs = this.options.clock.nowMs();
    for (const follower of this.followers) {
      if (!follower.isWanted(request, trace)) continue;
      if (follower.sample < 1 && Math.random() >= follower.sample) continue;
      this.timer ??= setTimeout(() => this.flush(), this.options.flushMs ?? defaultFlushMs).unref();
      if (!follower.bound.takes(nowMs)) {
        follower.dropped += 1;
        continue;
      }
      record ??= this.recordOf(fieldsOf());
      follower.records.push(record);
    }
  }

  private recordOf(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const cut = Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, tailLimits.fieldMaxLength) : value]);
    return {
      time: this.options.clock.date().toISOString(),
      nodeId: this.options.nodeId,
      nodeName: this.options.nodeName,
      ...Object.fromEntries(cut),
    };
  }

  private flush(): void {
    this.timer = undefined;
    const batches: ThreadTailBatch[] = [];
    for (const follower of this.followers) {
      const { id, records, dropped } = follower;
      if (records.length === 0 && dropped === 0) continue;
      batches.push({ follower: id, records, dropped });
      follower.records = [];
      follower.dropped = 0;
    }
    if (batches.length > 0) this.options.send(batches);
  }
}

import { type BuilderId, BuilderStatus } from '@torii/contracts';
import type { Redis } from 'ioredis';
import type { BuildKeys } from './build-keys.js';
import { parseJson } from './parse-json.js';

/** How often a builder says that it is there. */
export const builderHeartbeatMs = 5_000;
/** A builder that has been silent for longer is gone. */
export const builderTtlMs = 15_000;
/** Ids of builders that have been silent for longer leave the index. */
const indexRetentionMs = 600_000;
/** More builders than this are not listed. */
const buildersMax = 1_000;

/** Which builders there are, and what they can build. */
export class BuilderRegistry {
  constructor(
    private readonly redis: Redis,
    private readonly keys: BuildKeys,
  ) {}

  /** Holds for 15 seconds. */
  async announce(status: BuilderStatus): Promise<void> {
    // By the one clock that all share: a builder whose own is wrong must not drop the others.
    const [seconds] = await this.redis.time();
    const nowMs = Number(seconds) * 1_000;
    await this.redis
      .multi()
      .set(this.keys.builder(status.id), JSON.stringify(status), 'PX', builderTtlMs)
      .zadd(this.keys.builders, nowMs, status.id)
      .zremrangebyscore(this.keys.builders, '-inf', nowMs - indexRetentionMs)
      .exec();
  }

  /** A builder that stops in good order leaves at once. */
  async withdraw(id: BuilderId): Promise<void> {
    await this.redis.multi().del(this.keys.builder(id)).zrem(this.keys.builders, id).exec();
  }

  /** Every builder heard of in the last 15 seconds, by id; what cannot be read is skipped. */
  async list(): Promise<BuilderStatus[]> {
    const ids = await this.redis.zrange(this.keys.builders, 0, String(buildersMax - 1), 'REV');
    if (ids.length === 0) return [];
    const statuses = await this.redis.mget(ids.sort().map((id) => this.keys.builder(id)));
    return statuses.flatMap((text) => BuilderStatus.safeParse(parseJson(text ?? '')).data ?? []);
  }
}

import { AppError, CurrentRevision, type Snapshot } from '@torii/contracts';
import type { Redis } from 'ioredis';
import type { ConfigKeys } from './config-keys.js';
import { parseJson } from './parse-json.js';
import { openSnapshot } from './snapshot-digest.js';

export interface SnapshotSourceOptions {
  /** Answers commands. */
  readonly redis: Redis;
  /** Subscribed, so it answers nothing else. Both are closed by whoever opened them. */
  readonly subscriber: Redis;
  readonly keys: ConfigKeys;
  /** How often to look without being rung, in case a ring was lost. */
  readonly pollIntervalMs: number;
}

/** Where a node learns of configurations. The key is the truth; pub/sub only rings. */
export class SnapshotSource {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: SnapshotSourceOptions) {}

  /** Calls `onNotice` whenever there may be something new: on a ring, on a (re)connection, and every poll interval. */
  watch(onNotice: () => void): void {
    const { subscriber, keys, redis } = this.options;
    const subscribe = (): void => {
      subscriber.subscribe(keys.doorbell).then(onNotice, () => undefined); // a lost connection comes back as another `ready`
    };
    subscriber.on('ready', subscribe);
    subscriber.on('message', (channel) => {
      if (channel === keys.doorbell) onNotice(); // others listen on this connection too
    });
    redis.on('ready', onNotice);
    if (subscriber.status === 'ready') subscribe();
    this.timer = setInterval(onNotice, this.options.pollIntervalMs);
    this.timer.unref();
    onNotice();
  }

  /** Undefined while nothing has been published. Throws `platform.redis` when Redis cannot be asked. */
  async current(): Promise<CurrentRevision | undefined> {
    const raw = await this.ask(() => this.options.redis.get(this.options.keys.current));
    if (raw === null) return undefined;
    const parsed = CurrentRevision.safeParse(parseJson(raw));
    if (!parsed.success) throw new AppError('config.invalid_snapshot', { detail: 'the current revision in Redis cannot be read' });
    return parsed.data;
  }

  /**
   * The verified snapshot of `current`. Throws `config.unknown_artifact` when it is gone (a newer one is then current,
   * or the publisher brings it back), `config.invalid_snapshot`, `config.digest_mismatch`, or `platform.redis`.
   */
  async fetch(current: CurrentRevision): Promise<Snapshot> {
    const text = await this.ask(() => this.options.redis.get(this.options.keys.snapshot(current.incarnation, current.revision)));
    if (text === null) throw new AppError('config.unknown_artifact', { detail: `revision ${current.revision} is not in Redis` });
    return openSnapshot(text, current);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw new AppError('platform.redis', { cause: error });
    }
  }
}

import { NodeStatus } from '@torii/contracts';
import type { Redis } from 'ioredis';
import type { ConfigKeys } from './config-keys.js';
import { parseJson } from './parse-json.js';

/** How often a node says it is alive. */
export const heartbeatIntervalMs = 2_000;
/** A node silent for longer is `gone`: nobody waits for it any more. */
export const heartbeatTimeoutMs = 8_000;
/** A node silent for longer is forgotten. */
export const nodeRetentionMs = 3_600_000;

/** Where nodes report what they run, and the control plane reads it. */
export class NodeRegistry {
  constructor(
    private readonly redis: Redis,
    private readonly keys: ConfigKeys,
  ) {}

  /** Writes the node's status and rings whoever waits for it. */
  async report(status: NodeStatus): Promise<void> {
    await this.redis.multi().hset(this.keys.nodes, status.id, JSON.stringify(status)).publish(this.keys.acks, status.id).exec();
  }

  /** A node that stops in good order leaves at once, so that nobody waits for it. */
  async leave(id: string): Promise<void> {
    await this.redis.multi().hdel(this.keys.nodes, id).publish(this.keys.acks, id).exec();
  }

  /** Every node heard of within the retention, by id; entries that cannot be read are skipped. */
  async list(): Promise<NodeStatus[]> {
    const entries = await this.redis.hgetall(this.keys.nodes);
    return Object.keys(entries)
      .sort()
      .flatMap((id) => NodeStatus.safeParse(parseJson(entries[id] ?? '')).data ?? []);
  }

  async forget(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.redis.hdel(this.keys.nodes, ...ids);
  }
}

/** Whether the node's last heartbeat is too old for it to count, by the clock of whoever asks. */
export function isGone(status: NodeStatus, now: Date): boolean {
  return now.getTime() - Date.parse(status.heartbeatAt) > heartbeatTimeoutMs;
}

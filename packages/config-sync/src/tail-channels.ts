/** Channels of the live tail. Nothing of it is kept: who does not listen misses it. */
export interface TailChannels {
  /** Control planes tell the nodes here who follows what, as `TailAsk`. */
  readonly asks: string;
  /** Nodes send one follower here what it wants, as `TailBatch`. */
  readonly batches: (follower: string) => string;
}

export function tailChannels(prefix: string): TailChannels {
  const base = `${prefix}:{tail}`;
  return { asks: `${base}:asks`, batches: (follower) => `${base}:to:${follower}` };
}

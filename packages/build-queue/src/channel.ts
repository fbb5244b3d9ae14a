import type { Redis } from 'ioredis';

/** What a ring may miss while the connection is away: on each new connection everything may have changed. */
export interface ChannelListener {
  readonly onMessage: (message: string) => void;
  /** The channel is heard from here on; what was said before may have been missed. */
  readonly onSubscribed?: () => void;
}

/**
 * Listens to one channel, over reconnections, on a connection that others may listen with too. Answers what ends it; the
 * connection stays open.
 */
export function listenTo(subscriber: Redis, channel: string, listener: ChannelListener): () => void {
  const subscribe = (): void => {
    // A lost connection comes back as another `ready`.
    subscriber.subscribe(channel).then(
      () => listener.onSubscribed?.(),
      () => undefined,
    );
  };
  const onMessage = (from: string, message: string): void => {
    if (from === channel) listener.onMessage(message);
  };
  subscriber.on('ready', subscribe);
  subscriber.on('message', onMessage);
  if (subscriber.status === 'ready') subscribe();
  return () => {
    subscriber.off('ready', subscribe);
    subscriber.off('message', onMessage);
  };
}

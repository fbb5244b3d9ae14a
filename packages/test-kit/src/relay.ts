import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Passes bytes on to a server, until it is told to cut every connection, and then to take no new one or to let new ones wait. */
export interface Relay {
  /** The server's URL with the relay's address in it. */
  readonly url: string;
  cut(): void;
  /** New connections are taken, and nothing comes of them: as with a server that hangs. */
  hang(): void;
  /** Whether somebody waits for a server that hangs. */
  readonly isAwaited: boolean;
  /** Ends either; those who wait are served. */
  restore(): void;
  close(): Promise<void>;
}

export async function startRelay(target: string): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const waiting = new Set<Socket>();
  let state: 'passing' | 'cut' | 'hanging' = 'passing';
  const link = (client: Socket): void => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  };
  const server = createServer((client) => {
    if (state === 'passing') return link(client);
    if (state === 'cut') return void client.resetAndDestroy();
    client.on('error', () => undefined);
    client.on('close', () => waiting.delete(client));
    waiting.add(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const end = (next: typeof state): void => {
    state = next;
    for (const socket of [...sockets, ...waiting]) socket.destroy();
  };
  return {
    url: url.href,
    cut: () => end('cut'),
    hang: () => end('hanging'),
    get isAwaited() {
      return waiting.size > 0;
    },
    restore: () => {
      state = 'passing';
      for (const client of waiting) link(client);
      waiting.clear();
    },
    close: async () => {
      end('cut');
      server.close();
      await once(server, 'close');
    },
  };
}

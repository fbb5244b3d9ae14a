import { createServer, connect as netConnect, type Socket } from 'node:net';
import { eventually } from '@torii/test-kit';

/** A connection whose bytes are the test's to say, with all that came back. */
export class RawConnection {
  readonly socket: Socket;
  /** One character for each byte. */
  received = '';
  isEnded = false;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = netConnect({ port: Number(port), host: hostname, allowHalfOpen: true });
    this.socket.on('error', () => undefined);
    this.socket.setEncoding('latin1').on('data', (text) => {
      this.received += String(text);
    });
    this.socket.once('end', () => {
      this.isEnded = true;
    });
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  /** Resolves once all of this has come. */
  async has(...texts: readonly string[]): Promise<void> {
    await eventually(() => {
      for (const text of texts)
        if (!this.received.includes(text)) throw new Error(`${JSON.stringify(text)} is not in ${JSON.stringify(this.received)}`);
    });
  }

  /** Resolves with all that came, once the other side has ended. */
  async whole(): Promise<string> {
    await eventually(() => this.isEnded || this.socket.destroyed);
    this.socket.destroy();
    return this.received;
  }
}

/** Sends these bytes, and answers all that comes until the other side ends. */
export function rawExchange(url: string, bytes: string): Promise<string> {
  return new RawConnection(url).send(bytes).whole();
}

/** A server that says what the test makes it say, in bytes. */
export interface RawUpstream {
  readonly url: string;
  /** Everything that came on each connection, in their order. */
  readonly received: readonly string[];
  /** Connections that are open. */
  open(): number;
  close(): Promise<void>;
}

/** `onData` is called for all that comes, with the number of its connection (from 0) and all that has come on it. */
export async function startRawUpstream(onData: (socket: Socket, received: string, connection: number) => void): Promise<RawUpstream> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = received.push('') - 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (text) => {
      received[connection] += String(text);
      onData(socket, received[connection] ?? '', connection);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    received,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

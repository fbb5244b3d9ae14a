import { createServer, type Server, type Socket } from 'node:net';
import { eventually } from '@torii/test-kit';
import { type ReferenceRequest, readRequest } from './reference-request.js';

/** Answers a request with bytes, one for each character. */
export type Script = (request: ReferenceRequest, connection: UpstreamConnection) => void;

const ok: Script = (_request, connection) => connection.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

/** A connection from the gateway. */
export class UpstreamConnection {
  /** Bytes that are no whole request yet. */
  rest = '';
  isClosed = false;

  constructor(private readonly socket: Socket) {}

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Calls back when the gateway has taken it. */
  sendThen(bytes: string, taken: () => void): void {
    this.socket.write(bytes, 'latin1', (error) => {
      if (error == null) taken();
    });
  }

  sendAndEnd(bytes: string): void {
    this.socket.end(bytes, 'latin1');
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Breaks off once what was sent is on its way. */
  resetSoon(): void {
    this.socket.write('', () => this.socket.resetAndDestroy());
  }
}

/** A server of bytes that keeps every request it gets, and every byte that it takes for none. */
export class RecordingUpstream {
  readonly requests: ReferenceRequest[] = [];
  private readonly came: { readonly request: ReferenceRequest; readonly connection: UpstreamConnection }[] = [];
  /** What came and is no request; nothing may. */
  readonly faults: string[] = [];
  readonly connections: UpstreamConnection[] = [];
  private readonly scripts = new Map<string, Script>();
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor() {
    this.server = createServer((socket) => this.serve(socket));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  /** Answers requests for that path, without its query, in this way. */
  answer(path: string, script: Script): void {
    this.scripts.set(path, script);
  }

  /** Waits for so many requests for that path; resolves with the connection of the last. */
  untilRequested(path: string, count = 1): Promise<UpstreamConnection> {
    return eventually(() => {
      const found = this.came.filter(({ request }) => request.target === path);
      const last = found.at(-1);
      if (last === undefined || found.length < count) throw new Error(`${found.length} requests for ${path}, not ${count}`);
      return last.connection;
    });
  }

  /** Waits for a request that begins so and is not whole; resolves with its connection. */
  untilPartial(beginning: string): Promise<UpstreamConnection> {
    return eventually(() => {
      const found = this.connections.find(({ rest }) => rest.startsWith(beginning));
      if (found === undefined) throw new Error(`no request that begins with ${beginning}`);
      return found;
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    const connection = new UpstreamConnection(socket);
    this.connections.push(connection);
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => {
      connection.rest += piece.toString('latin1');
      this.take(connection);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      connection.isClosed = true;
      this.sockets.delete(socket);
    });
  }

  private take(connection: UpstreamConnection): void {
    while (connection.rest !== '') {
      const outcome = readRequest(connection.rest, 0);
      if (outcome.kind === 'incomplete') return;
      if (outcome.kind !== 'request') {
        this.faults.push(`${outcome.why}: ${JSON.stringify(connection.rest.slice(0, 500))}`);
        connection.reset();
        return;
      }
      connection.rest = connection.rest.slice(outcome.end);
      this.requests.push(outcome.request);
      this.came.push({ request: outcome.request, connection });
      const [path = ''] = outcome.request.target.split('?');
      (this.scripts.get(path) ?? ok)(outcome.request, connection);
    }
  }
}

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@torii/test-kit';
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws';

/** A text, or the bytes of a binary message. */
export type Said = string | Buffer;

function saidOf(bytes: WebSocket.RawData, isBinary: boolean): Said {
  const whole = Buffer.isBuffer(bytes) ? bytes : Buffer.concat([bytes].flat().map((part) => Buffer.from(part as Uint8Array)));
  return isBinary ? whole : whole.toString();
}

/** One end of a WebSocket, with all that came to it. */
export class Party {
  readonly heard: Said[] = [];
  readonly pongs: string[] = [];
  /** Undefined while it is open. */
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (bytes, isBinary) => this.heard.push(saidOf(bytes, isBinary)));
    socket.on('pong', (bytes) => this.pongs.push(bytes.toString()));
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  say(...messages: readonly Said[]): this {
    for (const message of messages) this.socket.send(message);
    return this;
  }

  async hears(...messages: readonly Said[]): Promise<void> {
    await eventually(() => {
      if (this.heard.length < messages.length && this.closed !== undefined) throw new Error(`closed by ${JSON.stringify(this.closed)}`);
      if (this.heard.length < messages.length) throw new Error(`heard ${this.heard.length} of ${messages.length} messages`);
    });
    const wrong = this.heard.findIndex((message, index) => Buffer.compare(Buffer.from(message), Buffer.from(messages[index] ?? '')) !== 0);
    if (wrong !== -1) throw new Error(`message ${wrong} is ${String(this.heard[wrong]).slice(0, 200)}`);
  }

  async isClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await eventually(() => {
      if (this.closed === undefined) throw new Error('still open');
    });
    return this.closed ?? { code: 0, reason: '' };
  }
}

/** A server of WebSockets that keeps what it was asked and told. Says everything again unless told otherwise. */
export class WebSocketUpstream {
  readonly asked: IncomingMessage[] = [];
  readonly parties: Party[] = [];
  private readonly http: Server = createServer((_, res) => res.writeHead(404).end());
  private readonly server: WebSocketServer;

  constructor(private readonly greet: (party: Party, asked: IncomingMessage) => void = (party) => saysAgain(party)) {
    this.server = new WebSocketServer({
      server: this.http,
      perMessageDeflate: { threshold: 0 },
      handleProtocols: (protocols) => [...protocols].at(-1) ?? false,
    });
    this.server.on('connection', (socket, asked) => {
      const party = new Party(socket);
      this.asked.push(asked);
      this.parties.push(party);
      this.greet(party, asked);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** The end of the connection opened last. */
  get last(): Party {
    const party = this.parties.at(-1);
    if (party === undefined) throw new Error('nobody has connected');
    return party;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.parties) socket.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

export function saysAgain(party: Party): void {
  party.socket.on('message', (bytes, isBinary) => party.socket.send(bytes, { binary: isBinary }));
}

/** Opens a WebSocket; rejects when it is refused. */
export async function openParty(nodeUrl: string, path: string, options: ClientOptions & { readonly protocols?: string[] } = {}): Promise<Party> {
  const { protocols = [], ...others } = options;
  const socket = new WebSocket(`${nodeUrl.replace('http', 'ws')}${path}`, protocols, others);
  const party = new Party(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_, answer) => reject(new Error(`answered ${answer.statusCode}`)));
    socket.once('error', reject);
  });
  return party;
}

/** What a node says about the connection that ended last on that path, once it does. */
export async function accessLineOf(path: string, logs: () => readonly string[]): Promise<Record<string, unknown>> {
  const found = await eventually(() => logs().findLast((line) => line.includes(`"path":"${path}"`) && line.includes('"status":101')) ?? false);
  return JSON.parse(String(found)) as Record<string, unknown>;
}

import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface AllowListProxyLimits {
  /** At a time; more are refused. */
  readonly connectionsMax: number;
  /** What all connections together may bring in. */
  readonly receivedMaxBytes: number;
  readonly connectTimeoutMs: number;
  /** Without a byte in either direction. */
  readonly idleTimeoutMs: number;
}

const defaultLimits: AllowListProxyLimits = {
  connectionsMax: 64,
  receivedMaxBytes: 1024 * 1024 * 1024,
  connectTimeoutMs: 15_000,
  idleTimeoutMs: 60_000,
};

export interface AllowListProxyOptions {
  /** `host:port`, exactly; nothing else is reachable. */
  readonly allowed: readonly string[];
  /** Told of each place that was asked for and refused, and of what went wrong. */
  readonly onRefused: (place: string, why: string) => void;
  /** A socket of this path to listen on, instead of a port of 127.0.0.1. */
  readonly socketPath?: string;
  readonly limits?: Partial<AllowListProxyLimits>;
}

export interface AllowListProxy {
  /** For HTTP_PROXY and HTTPS_PROXY; empty when it listens on a socket of a path. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * An HTTP proxy for programs that fetch dependencies: tunnels (CONNECT, RFC 9110 section 9.3.6) and plain
 * requests in absolute form (RFC 9112 section 3.2.2), to hosts on a list. One is opened for each step and closed after it.
 */
export async function openAllowListProxy(options: AllowListProxyOptions): Promise<AllowListProxy> {
  const proxy = new ListeningProxy(options);
  await proxy.listen();
  return proxy;
}

class ListeningProxy implements AllowListProxy {
  private readonly allowed: ReadonlySet<string>;
  private readonly limits: AllowListProxyLimits;
  private readonly server: Server;
  private readonly open = new Set<Duplex>();
  private receivedBytes = 0;

  constructor(private readonly options: AllowListProxyOptions) {
    this.allowed = new Set(options.allowed.map((place) => place.toLowerCase()));
    this.limits = { ...defaultLimits, ...options.limits };
    this.server = createServer((request, response) => this.forward(request, response));
    this.server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => this.tunnel(request, client, head));
    this.server.on('connection', (socket) => this.admit(socket));
  }

  get url(): string {
    return this.options.socketPath === undefined ? `http://127.0.0.1:${(this.server.address() as AddressInfo).port}` : '';
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      const { socketPath } = this.options;
      if (socketPath === undefined) this.server.listen(0, '127.0.0.1', resolve);
      else this.server.listen(socketPath, resolve);
    });
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private admit(socket: Socket): void {
    if (this.open.size >= this.limits.connectionsMax * 2) {
      this.options.onRefused('a connection', `more than ${this.limits.connectionsMax} at a time`);
      socket.destroy();
      return;
    }
    this.keep(socket);
    socket.setTimeout(this.limits.idleTimeoutMs, () => socket.destroy());
  }

  private tunnel(request: IncomingMessage, client: Duplex, head: Buffer): void {
    const place = parsePlace(request.url ?? '', undefined);
    if (place === undefined || !this.isAllowed(place)) {
      this.refuse(request.url ?? '');
      client.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const upstream = this.connect(place);
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream);
      upstream.pipe(client);
    });
    upstream.once('error', (error) => {
      this.options.onRefused(request.url ?? '', error.message);
      if (upstream.bytesRead === 0 && client.writable) client.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      else client.destroy();
    });
    // Whichever side ends, the other must not be left waiting.
    client.once('close', () => upstream.destroy());
    client.on('error', () => upstream.destroy());
    upstream.once('close', () => client.end());
  }

  private forward(request: IncomingMessage, response: ServerResponse): void {
    const url = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
    const place = url?.protocol === 'http:' ? parsePlace(url.host, 80) : undefined;
    if (url === undefined || place === undefined || !this.isAllowed(place)) {
      this.refuse(request.url ?? '');
      response.writeHead(403, { connection: 'close' }).end();
      return;
    }
    const { host: _host, 'proxy-connection': _proxyConnection, 'proxy-authorization': _credentials, ...headers } = request.headers;
    const onward = httpRequest({
      createConnection: () => this.connect(place),
      method: request.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, host: url.host, connection: 'close' },
    });
    onward.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.once('error', (error) => {
      this.options.onRefused(nameOf(place), error.message);
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { connection: 'close' }).end();
    });
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  }

  private connect({ host, port }: Place): Socket {
    const socket = connect({ host, port });
    this.keep(socket);
    const tooSlow = (): void => void socket.destroy(new Error(`no connection within ${this.limits.connectTimeoutMs} ms`));
    const timer = setTimeout(tooSlow, this.limits.connectTimeoutMs);
    socket.once('connect', () => clearTimeout(timer));
    socket.once('close', () => clearTimeout(timer));
    socket.setTimeout(this.limits.idleTimeoutMs, () => socket.destroy(new Error(`silent for ${this.limits.idleTimeoutMs} ms`)));
    socket.on('data', (chunk) => {
      this.receivedBytes += chunk.length;
      if (this.receivedBytes > this.limits.receivedMaxBytes) {
        socket.destroy(new Error(`all dependencies together are more than ${this.limits.receivedMaxBytes} bytes`));
      }
    });
    return socket;
  }

  private keep(socket: Duplex): void {
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    socket.on('error', () => undefined);
  }

  private isAllowed(place: Place): boolean {
    return this.allowed.has(nameOf(place));
  }

  private refuse(place: string): void {
    this.options.onRefused(place, 'not a place that dependencies may come from');
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, as places are named on the list. */
function nameOf({ host, port }: Place): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** `host:port`; the port may be left out where there is a default. */
function parsePlace(authority: string, defaultPort: number | undefined): Place | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::(\d{1,5}))?$/i.exec(authority);
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  if (match?.[1] === undefined || port === undefined || port < 1 || port > 65_535) return undefined;
  return { host: match[1].toLowerCase().replace(/^\[|\]$/g, ''), port };
}

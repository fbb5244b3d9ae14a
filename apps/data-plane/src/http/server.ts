import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ErrorCode } from '@torii/contracts';
import { Cohort } from '@torii/service-kit';
import { askWhetherGone, expectAnswer, isAnswering, refuseRest, takeNoMore, takesNoMore } from './connection-order.js';
import { handleRequest, type RequestDeps } from './handle-request.js';
import { framingFaultOf } from './request-framing.js';
import { isStreaming } from './streaming.js';
import { asksForUpgrade, mentionsUpgrade, responseOn } from './upgrade.js';
import { hasBody } from './write-response.js';

export interface ProxyServerDeps extends RequestDeps {
  /** Connections this thread holds at once; one more is closed. */
  readonly maxConnections: number;
}

export interface ProxyServerOptions {
  readonly host: string;
  readonly port: number;
  /** Whether other threads of this node listen on the same port. */
  readonly isShared: boolean;
}

const headersTimeoutMs = 10_000;
/** How often it is looked for requests whose head takes longer than that. */
const headCheckIntervalMs = 5_000;
const keepAliveTimeoutMs = 65_000; // a little longer than common load balancers keep theirs
const sweepIntervalMs = 20;
/** In which a request that is on its way when a node begins to stop should arrive. */
const idleGraceMs = 500;
/** For connections that wait when a node begins to stop; without an end new ones could keep it from stopping. */
const acceptMaxMs = 500;
const headerMaxBytes = 32 * 1024;
const headersMaxCount = 200;

/** The proxy's listener of one data thread. */
export class ProxyServer {
  private readonly server: Server;
  private isDraining = false;
  private open = 0;
  /** Connections so far. */
  private taken = 0;
  /** Connections that node has left to us. */
  private readonly upgraded = new Set<Socket>();
  private readonly arrived: Cohort<ServerResponse<IncomingMessage>>;

  constructor(private readonly deps: ProxyServerDeps) {
    this.arrived = new Cohort((res) => void handleRequest(res.req, res, deps));
    this.server = createServer(
      {
        headersTimeout: Math.min(headersTimeoutMs, deps.requestTimeoutMs),
        // Bodies that plugins read have the deadline of their request; those on their way to an upstream may take as long as they move.
        requestTimeout: 0,
        connectionsCheckingInterval: headCheckIntervalMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        maxHeaderSize: headerMaxBytes,
        noDelay: true,
        // An answer that is still due cannot be given any more once the protocol has changed.
        shouldUpgradeCallback: (req) => asksForUpgrade(req) && !isAnswering(req.socket),
        optimizeEmptyRequests: true, // a request without a body is not made a stream that ends and closes
        requireHostHeader: false, // hostOf asks for it: node would go on with the request behind one that it has told to be the last
      },
      (req, res) => this.handle(req, res),
    );
    // While a request is worked on nothing need move for as long as it may take. Beyond that it is a client that takes
    // nothing of its answer, which would stay in memory for good.
    this.server.timeout = 2 * deps.requestTimeoutMs;
    this.server.on('timeout', (socket: Socket) => {
      if (!isStreaming(socket)) socket.destroy();
    });
    this.server.maxHeadersCount = headersMaxCount;
    this.server.maxConnections = deps.maxConnections;
    // Without a listener node says "100 Continue" to every body; RequestBody says it only to bodies that will be read.
    this.server.on('checkContinue', (req, res) => this.handle(req, res));
    this.server.on('upgrade', (req, socket: Socket, head: Buffer) => this.upgrade(req, socket, head));
    // node would close the connection of a client that sends no more, its answer unsent.
    Object.assign(this.server, { httpAllowHalfOpen: true });
    this.server.on('connection', (socket) => {
      this.open += 1;
      this.taken += 1;
      socket.once('end', () => askWhetherGone(socket));
      socket.once('close', () => {
        this.open -= 1;
      });
      // The socket remembers it: by the time a request is begun the client may have gone, and the system no longer tells who it was.
      if (socket.remoteAddress === undefined) socket.destroy();
    });
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const client = socket as Socket;
      if (error.code === 'ECONNRESET') {
        client.destroy();
        return;
      }
      // Whatever follows the last request of a connection, such as an empty line, takes nothing from its answer.
      if (error.code === 'HPE_CLOSED_CONNECTION') takeNoMore(client);
      if (takesNoMore(client)) return;
      const refusal = refusalOf(error.code);
      deps.log.info({ status: refusal.status, parserCode: error.code, code: refusal.code, owner: 'client' }, 'request refused unread');
      refuseRest(client, `HTTP/1.1 ${refusal.statusLine}\r\nconnection: close\r\ncontent-length: 0\r\nx-torii-error: ${refusal.code}\r\n\r\n`);
    });
  }

  /** Resolves with the port once connections are accepted; rejects with the system's error when it cannot listen. */
  listen(options: ProxyServerOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: options.host, port: options.port, reusePort: options.isShared }, () => {
        this.server.off('error', reject);
        // Such as no descriptor left for a connection: the listener goes on.
        this.server.on('error', (error) => this.deps.log.error({ err: error }, 'listener failed'));
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : options.port);
      });
    });
  }

  /** Serves a connection that came another way than by the listener. */
  accept(socket: Socket): void {
    this.server.emit('connection', socket);
  }

  /** Open connections of clients. */
  get connections(): number {
    return this.open;
  }

  /**
   * Takes no new connection, answers what is under way, and resolves when the last connection has ended or time is up. Clients that keep
   * their connection are told of its end with their next answer; it is closed without one when no request comes for a while.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.isDraining = true;
    await this.takeThoseWaiting();
    // Not node's close for HTTP, which ends idle connections at once: a request may be on its way on each of them.
    NetServer.prototype.close.call(this.server);
    const graceEndsAtMs = performance.now() + Math.min(idleGraceMs, timeoutMs);
    const timer = setTimeout(() => {
      this.server.closeAllConnections();
      for (const socket of this.upgraded) socket.destroy();
    }, timeoutMs);
    await new Promise<void>((resolve) => {
      const sweep = setInterval(() => {
        // Behind all that has come: a request in a connection's buffer would be lost with it.
        if (performance.now() >= graceEndsAtMs) setImmediate(() => this.server.closeIdleConnections());
        if (this.open > 0) return;
        clearInterval(sweep);
        resolve();
      }, sweepIntervalMs);
    });
    clearTimeout(timer);
    this.server.close();
    this.deps.log.debug('proxy drained');
  }

  /** Accepts what the system has connected already, which closing the listener would reset; the system hands on one or some in each turn. */
  private async takeThoseWaiting(): Promise<void> {
    const endsAtMs = performance.now() + acceptMaxMs;
    for (let quietTurns = 0; quietTurns < 2 && performance.now() < endsAtMs; ) {
      const before = this.taken;
      await nextTurn();
      quietTurns = this.taken === before ? quietTurns + 1 : 0;
    }
  }

  private upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void {
    this.upgraded.add(socket);
    socket.once('close', () => this.upgraded.delete(socket));
    socket.on('error', () => socket.destroy());
    void handleRequest(req, responseOn(req, socket), this.deps, { upgrade: { socket, head, protocol: req.headers.upgrade ?? '' } });
  }

  private handle(req: IncomingMessage, res: ServerResponse): void {
    if (takesNoMore(req.socket)) return;
    if (!expectAnswer(req.socket, res)) {
      takeNoMore(req.socket);
      req.socket.destroy();
      return;
    }
    // Who reads a body listens to its errors for as long as it does. One of a client that leaves comes a moment later, when it may be too late.
    if (hasBody(req)) req.on('error', () => undefined);
    // Whether another request is taken must be known before the parser goes on to it.
    const { share, meter } = this.deps;
    if (share.handsOn(req.socket, res.shouldKeepAlive)) {
      meter.handedOn();
      this.makeLast(req, res);
    }
    // node's parser stops behind a request for another protocol: what came with it is lost, also when the protocol stays.
    if (this.isDraining || mentionsUpgrade(req)) this.makeLast(req, res);
    const fault = framingFaultOf(req);
    if (fault === undefined) {
      this.arrived.add(res);
    } else {
      takeNoMore(req.socket);
      void handleRequest(req, res, this.deps, { fault });
    }
  }

  private makeLast(req: IncomingMessage, res: ServerResponse): void {
    res.setHeader('connection', 'close');
    takeNoMore(req.socket);
  }
}

interface Refusal {
  readonly status: number;
  readonly statusLine: string;
  readonly code: ErrorCode;
}

/** What node's parser refuses never becomes a request, so it is answered by hand. */
function refusalOf(parserCode: string | undefined): Refusal {
  if (parserCode === 'HPE_HEADER_OVERFLOW') return { status: 431, statusLine: '431 Request Header Fields Too Large', code: 'client.bad_request' };
  if (parserCode === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return { status: 413, statusLine: '413 Payload Too Large', code: 'client.body_too_large' };
  if (parserCode === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, statusLine: '408 Request Timeout', code: 'client.request_timeout' };
  return { status: 400, statusLine: '400 Bad Request', code: 'client.bad_request' };
}

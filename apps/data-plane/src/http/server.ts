import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ErrorCode } from '@torii/contracts';
import { handleRequest, type RequestDeps } from './handle-request.js';

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
const keepAliveTimeoutMs = 65_000; // a little longer than common load balancers keep theirs
const sweepIntervalMs = 20;
const headerMaxBytes = 32 * 1024;
const headersMaxCount = 200;

/** The proxy's listener of one data thread. */
export class ProxyServer {
  private readonly server: Server;
  private isDraining = false;
  private open = 0;

  constructor(private readonly deps: ProxyServerDeps) {
    this.server = createServer(
      {
        headersTimeout: Math.min(headersTimeoutMs, deps.requestTimeoutMs), // node refuses one that is longer than the request
        requestTimeout: deps.requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        maxHeaderSize: headerMaxBytes,
        noDelay: true,
        optimizeEmptyRequests: true, // a request without a body is not made a stream that ends and closes
        requireHostHeader: true,
      },
      (req, res) => this.handle(req, res),
    );
    // While a request is worked on nothing need move for as long as it may take. Beyond that it is a client that takes
    // nothing of its answer, which would stay in memory for good.
    this.server.timeout = 2 * deps.requestTimeoutMs;
    this.server.maxHeadersCount = headersMaxCount;
    this.server.maxConnections = deps.maxConnections;
    // Without a listener node says "100 Continue" to every body; RequestBody says it only to bodies that will be read.
    this.server.on('checkContinue', (req, res) => this.handle(req, res));
    this.server.on('connection', (socket) => {
      this.open += 1;
      socket.once('close', () => {
        this.open -= 1;
      });
    });
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) {
        socket.destroy();
        return;
      }
      const refusal = refusalOf(error.code);
      deps.log.info({ status: refusal.status, parserCode: error.code, code: refusal.code, owner: 'client' }, 'request refused unread');
      socket.end(`HTTP/1.1 ${refusal.statusLine}\r\nconnection: close\r\ncontent-length: 0\r\nx-torii-error: ${refusal.code}\r\n\r\n`);
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

  /** Open connections of clients. */
  get connections(): number {
    return this.open;
  }

  /** Takes no new connection, answers what is under way, and resolves when the last is answered or time is up. */
  async drain(timeoutMs: number): Promise<void> {
    this.isDraining = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    // A connection whose last answer was already promised to be kept alive is idle only once that is sent.
    const sweep = setInterval(() => this.server.closeIdleConnections(), sweepIntervalMs);
    const timer = setTimeout(() => this.server.closeAllConnections(), timeoutMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(timer);
    this.deps.log.debug('proxy drained');
  }

  private handle(req: IncomingMessage, res: ServerResponse): void {
    if (this.isDraining) res.setHeader('connection', 'close');
    void handleRequest(req, res, this.deps);
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
  if (parserCode === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, statusLine: '408 Request Timeout', code: 'client.request_timeout' };
  return { status: 400, statusLine: '400 Bad Request', code: 'client.bad_request' };
}

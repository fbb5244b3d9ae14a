import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv4 } from 'node:net';
import { AppError, problemOf } from '@torii/contracts';
import type { Secret } from '@torii/service-kit';
import { expositionType } from '../metrics/exposition.js';

export interface Readiness {
  readonly isReady: boolean;
  /** By name, for people and probes alike. */
  readonly checks: Readonly<Record<string, { readonly ok: boolean } & Readonly<Record<string, unknown>>>>;
}

/** Something else that the port does; always asks for the token. */
export interface InternalEndpoint {
  readonly method: string;
  /** All of the path; or its beginning, up to a last slash. */
  readonly path: string;
  /** `rest` is what follows the path. What it throws is answered as a problem. */
  readonly answer: (req: IncomingMessage, res: ServerResponse, rest: string) => Promise<void>;
}

/** What the internal port shows; each is looked up when it is asked for. */
export interface InternalViews {
  readonly readiness: () => Readiness;
  /** In Prometheus' text format. */
  readonly metrics: () => string;
  /** What others must show for the metrics once the port is open to other machines. */
  readonly token: Secret;
  readonly endpoints?: readonly InternalEndpoint[];
}

/**
 * The node's second port: health, open to everybody, metrics, and what the control plane asks of the node. Metrics name
 * plugins and routes: on any address but a loopback one they need the token, as `Authorization: Bearer`.
 */
export class InternalServer {
  private readonly server: Server;
  private needsToken = true;

  constructor(private readonly views: InternalViews) {
    this.server = createServer((req, res) => this.answer(req, res));
  }

  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number> {
    this.needsToken = !isLoopback(host);
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port }, () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private answer(req: IncomingMessage, res: ServerResponse): void {
    const [path = ''] = (req.url ?? '').split('?', 1);
    if (path === '/livez') {
      send(res, 200, { status: 'ok' });
    } else if (path === '/readyz') {
      const { isReady, checks } = this.views.readiness();
      send(res, isReady ? 200 : 503, { status: isReady ? 'ok' : 'unavailable', checks });
    } else if (path === '/metrics') {
      if (this.mayRead(req)) sendText(res, 200, expositionType, this.views.metrics());
      else refuse(res);
    } else {
      void this.answerEndpoint(req, res, path);
    }
  }

  private async answerEndpoint(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const isAt = (own: string): boolean => (own.endsWith('/') ? path.startsWith(own) : path === own);
    const endpoint = this.views.endpoints?.find((one) => one.method === req.method && isAt(one.path));
    if (endpoint === undefined) {
      send(res, 404, { status: 'not_found' });
      return;
    }
    if (!this.hasToken(req)) {
      refuse(res);
      return;
    }
    try {
      await endpoint.answer(req, res, path.slice(endpoint.path.length));
    } catch (error) {
      const failure = AppError.from(error);
      if (res.headersSent) res.destroy();
      else send(res, failure.status, problemOf(failure, ''));
    }
  }

  private mayRead(req: IncomingMessage): boolean {
    return !this.needsToken || this.hasToken(req);
  }

  private hasToken(req: IncomingMessage): boolean {
    const [, token] = /^Bearer +([^ ]{1,512})$/i.exec(req.headers.authorization ?? '') ?? [];
    return token !== undefined && this.views.token.matches(token);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function refuse(res: ServerResponse): void {
  send(res.setHeader('www-authenticate', 'Bearer'), 401, { status: 'unauthorized', detail: 'send the node token as Authorization: Bearer' });
}

function send(res: ServerResponse, status: number, body: unknown): void {
  sendText(res, status, 'application/json', JSON.stringify(body));
}

function sendText(res: ServerResponse, status: number, type: string, text: string): void {
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

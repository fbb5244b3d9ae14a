import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv4 } from 'node:net';
import type { Secret } from '@torii/service-kit';
import { expositionType } from '../metrics/exposition.js';

export interface Readiness {
  readonly isReady: boolean;
  /** By name, for people and probes alike. */
  readonly checks: Readonly<Record<string, { readonly ok: boolean } & Readonly<Record<string, unknown>>>>;
}

/** What the internal port shows; each is looked up when it is asked for. */
export interface InternalViews {
  readonly readiness: () => Readiness;
  /** In Prometheus' text format. */
  readonly metrics: () => string;
  /** What others must show for the metrics once the port is open to other machines. */
  readonly token: Secret;
}

/**
 * The node's second port: health, open to everybody, and metrics; dry runs will answer here. Metrics name plugins and
 * routes: on any address but a loopback one they need the token, as `Authorization: Bearer`.
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
    const path = (req.url ?? '').split('?', 1)[0];
    if (path === '/livez') {
      send(res, 200, { status: 'ok' });
    } else if (path === '/readyz') {
      const { isReady, checks } = this.views.readiness();
      send(res, isReady ? 200 : 503, { status: isReady ? 'ok' : 'unavailable', checks });
    } else if (path === '/metrics') {
      if (this.mayRead(req)) sendText(res, 200, expositionType, this.views.metrics());
      else send(res.setHeader('www-authenticate', 'Bearer'), 401, { status: 'unauthorized', detail: 'send the node token as Authorization: Bearer' });
    } else {
      send(res, 404, { status: 'not_found' });
    }
  }

  private mayRead(req: IncomingMessage): boolean {
    if (!this.needsToken) return true;
    const [, token] = /^Bearer +([^ ]{1,512})$/i.exec(req.headers.authorization ?? '') ?? [];
    return token !== undefined && this.views.token.matches(token);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function send(res: ServerResponse, status: number, body: unknown): void {
  sendText(res, status, 'application/json', JSON.stringify(body));
}

function sendText(res: ServerResponse, status: number, type: string, text: string): void {
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

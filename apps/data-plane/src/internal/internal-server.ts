import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
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
}

/** The node's second port: health and metrics now; dry runs will answer here. */
export class InternalServer {
  private readonly server: Server;

  constructor(private readonly views: InternalViews) {
    this.server = createServer((req, res) => this.answer(req, res));
  }

  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number> {
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
      sendText(res, 200, expositionType, this.views.metrics());
    } else {
      send(res, 404, { status: 'not_found' });
    }
  }
}

function send(res: ServerResponse, status: number, body: unknown): void {
  sendText(res, status, 'application/json', JSON.stringify(body));
}

function sendText(res: ServerResponse, status: number, type: string, text: string): void {
  res.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

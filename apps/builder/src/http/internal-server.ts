import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv4 } from 'node:net';
import type { Logger, Secret } from '@torii/service-kit';
import { expositionType } from '../metrics.js';
import type { Runner } from '../run/runner.js';
import { answerRun } from './answer-run.js';
import { send, sendText } from './send.js';

interface Readiness {
  readonly isReady: boolean;
  /** By name, for people and probes alike. */
  readonly checks: Readonly<Record<string, { readonly ok: boolean } & Readonly<Record<string, unknown>>>>;
}

export interface InternalServerOptions {
  readonly readiness: () => Readiness;
  /** In Prometheus' text format. */
  readonly metrics: () => string;
  readonly runner: Pick<Runner, 'run'>;
  /** What the control plane shows for runs, and others for the metrics once the port is open to other machines. */
  readonly token: Secret;
  readonly log: Logger;
}

const requestTimeoutMs = 30_000;
const connectionsMax = 256;

/**
 * The builder's port: health, open to everybody; metrics, which need the token on any address but a loopback one; and
 * `POST /internal/run`, for the control plane.
 */
export class InternalServer {
  private readonly server: Server;
  private readonly options: InternalServerOptions;
  private isLocal = false;

  constructor(options: InternalServerOptions) {
    this.options = options;
    this.server = createServer({ requestTimeout: requestTimeoutMs }, (req, res) => void this.answer(req, res));
    this.server.maxConnections = connectionsMax;
  }

  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number> {
    this.isLocal = host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
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

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { readiness, metrics, runner, log } = this.options;
    switch (`${req.method} ${(req.url ?? '').split('?', 1)[0]}`) {
      case 'GET /livez':
        return send(res, 200, { status: 'ok' });
      case 'GET /readyz': {
        const { isReady, checks } = readiness();
        return send(res, isReady ? 200 : 503, { status: isReady ? 'ok' : 'unavailable', checks });
      }
      case 'GET /metrics':
        return this.isLocal || this.hasToken(req) ? sendText(res, 200, expositionType, metrics()) : refuse(res);
      case 'POST /internal/run':
        return this.hasToken(req) ? answerRun(req, res, { runner, log }) : refuse(res);
      default:
        return send(res, 404, { status: 'not_found' });
    }
  }

  private hasToken(req: IncomingMessage): boolean {
    const [, token] = /^Bearer +([^ ]{1,512})$/i.exec(req.headers.authorization ?? '') ?? [];
    return token !== undefined && this.options.token.matches(token);
  }
}

function refuse(res: ServerResponse): void {
  send(res.setHeader('www-authenticate', 'Bearer'), 401, { status: 'unauthorized', detail: 'send the node token as Authorization: Bearer' });
}

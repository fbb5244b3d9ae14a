import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { UpstreamHealth, UpstreamTls } from '@torii/contracts';
import { Connector } from './connector.js';

export type ActiveCheck = NonNullable<UpstreamHealth['active']>;

export interface HealthProbeOptions {
  /** Of the target, as the route names it. */
  readonly url: string;
  readonly tls: UpstreamTls;
  readonly check: ActiveCheck;
  readonly allowLinkLocal: boolean;
  /** Called when the target becomes unfit, and when it is fit again; `reason` is what the last check met. */
  readonly onChange: (isDown: boolean, reason: string) => void;
}

/** The first check comes soon, but not those of all targets at once. */
const firstWithinMs = 1_000;
/** Part of the interval by which checks come sooner or later. */
const jitter = 0.1;

/** Checks one target over and over, until it is closed. A target is fit until it has failed as often as the check says. */
export class HealthProbe {
  private readonly connector: Connector;
  private readonly origin: URL;
  private timer: NodeJS.Timeout;
  private socket: Socket | undefined;
  private isDown = false;
  /** Outcomes that speak against what it is taken for. */
  private against = 0;
  private isClosed = false;

  constructor(private readonly options: HealthProbeOptions) {
    const { url, tls, check, allowLinkLocal } = options;
    this.origin = new URL(url);
    this.connector = new Connector({ origin: this.origin, tls, connectMs: check.timeoutMs, allowLinkLocal });
    this.timer = setTimeout(this.check, Math.random() * Math.min(firstWithinMs, check.intervalMs));
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.socket?.destroy();
  }

  private readonly check = (): void => {
    const { intervalMs } = this.options.check;
    void this.ask().then((reason) => {
      if (this.isClosed) return;
      this.count(reason);
      this.timer = setTimeout(this.check, intervalMs * (1 - jitter + 2 * jitter * Math.random()));
    });
  };

  private count(reason: string | undefined): void {
    const { healthyAfter, unhealthyAfter } = this.options.check;
    const isAgainst = this.isDown === (reason === undefined);
    this.against = isAgainst ? this.against + 1 : 0;
    if (this.against < (this.isDown ? healthyAfter : unhealthyAfter)) return;
    this.isDown = !this.isDown;
    this.against = 0;
    this.options.onChange(this.isDown, reason ?? 'answered');
  }

  /** What is wrong with the target, or undefined. */
  private ask(): Promise<string | undefined> {
    const { path, timeoutMs, statusMin, statusMax } = this.options.check;
    return new Promise((resolve) => {
      const settle = (reason: string | undefined): void => {
        clearTimeout(timer);
        this.socket?.destroy();
        this.socket = undefined;
        resolve(reason);
      };
      const timer = setTimeout(() => settle(`no answer within ${timeoutMs} ms`), timeoutMs);
      this.connector.connect((error, socket) => {
        if (socket === null) {
          settle(error?.message ?? 'no connection');
          return;
        }
        this.socket = socket;
        const asked = request({
          createConnection: () => socket,
          method: 'GET',
          path: `${this.origin.pathname.replace(/\/+$/, '')}${path}`,
          headers: { host: this.origin.host, 'user-agent': 'torii-health-check', connection: 'close' },
        });
        asked.once('response', ({ statusCode = 0 }) =>
          settle(statusCode >= statusMin && statusCode <= statusMax ? undefined : `status ${statusCode}`),
        );
        asked.once('upgrade', () => settle('status 101'));
        asked.on('error', ({ message }) => settle(message));
        asked.end();
      });
    });
  }
}

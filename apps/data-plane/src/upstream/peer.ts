import type { ErrorCode, UpstreamHealth, UpstreamPeer } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import { textHash } from './balancer.js';
import type { ConnectionPool } from './connection-pool.js';

export interface PeerOptions {
  readonly spec: UpstreamPeer;
  readonly passive: UpstreamHealth['passive'];
  readonly pool: ConnectionPool;
  /** Whether active checks have found it unfit. */
  readonly isDown: () => boolean;
  readonly routeName: string;
  readonly log: Logger;
}

/** One target of an upstream, as a thread knows it. */
export class Peer {
  readonly url: string;
  readonly weight: number;
  readonly isBackup: boolean;
  /** Before the path of each request; empty or with a slash before and none after. */
  readonly prefix: string;
  readonly host: string;
  readonly seed: number;
  readonly pool: ConnectionPool;
  /** Requests that it has not answered to their end. */
  inFlight = 0;
  /** Of the round robin. */
  turn = 0;
  private failuresInRow = 0;
  private ejectedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: PeerOptions) {
    const { spec, pool } = options;
    const { host, pathname } = new URL(spec.url);
    this.url = spec.url;
    this.weight = spec.weight;
    this.isBackup = spec.backup;
    this.prefix = pathname.replace(/\/+$/, '');
    this.host = host;
    this.seed = textHash(spec.url);
    this.pool = pool;
  }

  isUsable(nowMs: number): boolean {
    return nowMs >= this.ejectedUntilMs && !this.options.isDown();
  }

  /** A request goes to it. While it is not known to have recovered, that is one for each time that it was left out. */
  begin(nowMs: number): void {
    this.inFlight += 1;
    if (this.isSuspect) this.ejectedUntilMs = nowMs + this.options.passive.ejectMs;
  }

  /** That request is over. */
  end(): void {
    this.inFlight -= 1;
  }

  answered(): void {
    if (this.failuresInRow === 0) return;
    const wasSuspect = this.isSuspect;
    this.failuresInRow = 0;
    this.ejectedUntilMs = Number.NEGATIVE_INFINITY;
    if (wasSuspect) this.options.log.info({ route: this.options.routeName, upstream: this.url }, 'upstream target is used again');
  }

  failed(nowMs: number, code: ErrorCode): void {
    const wasSuspect = this.isSuspect;
    this.failuresInRow += 1;
    if (!this.isSuspect) return;
    const { ejectMs } = this.options.passive;
    this.ejectedUntilMs = nowMs + ejectMs;
    const facts = { route: this.options.routeName, upstream: this.url, failures: this.failuresInRow, ejectMs, code };
    if (!wasSuspect) this.options.log.warn(facts, 'upstream target is left out');
  }

  private get isSuspect(): boolean {
    const { failures } = this.options.passive;
    return failures > 0 && this.failuresInRow >= failures;
  }
}

import { AppError, type UpstreamTarget } from '@torii/contracts';
import type { Deadline } from '@torii/service-kit';
import type { CallerSignal } from '@torii/wasm-runtime';
import { Connection } from './connection.js';
import { Connector } from './connector.js';

export interface ConnectionPoolOptions extends Pick<UpstreamTarget, 'tls' | 'connectionsMax' | 'queuedMax' | 'queueWaitMs'> {
  readonly origin: URL;
  readonly connectMs: number;
  readonly allowLinkLocal: boolean;
}

/** A request that needs a connection. */
export interface Asker {
  /** After which it does not wait any more, whatever `queueWaitMs` says. */
  readonly deadline: Deadline;
  /** Aborted when the client goes. */
  readonly signal: CallerSignal;
}

interface Waiter {
  readonly serve: () => void;
}

/**
 * The connections of a thread to one origin. As many as `connectionsMax` are in use at once; `queuedMax` requests wait for one,
 * each for `queueWaitMs` at most, first come first served. The one used last is used next, so that those too many grow old and go.
 *
 * Not undici's own `Pool`: its queue has no end, and it does not say whether a connection had served others before.
 */
export class ConnectionPool {
  readonly origin: URL;
  readonly connector: Connector;
  private readonly idle: Connection[] = [];
  // A Set keeps the order of insertion and removes from the middle at once.
  private readonly line = new Set<Waiter>();
  private readonly inUse = new Set<Connection>();
  /** Those that were handed out without a connection of ours: upgraded ones. */
  private places = 0;
  private isClosed = false;

  constructor(private readonly options: ConnectionPoolOptions) {
    this.origin = options.origin;
    this.connector = new Connector({
      origin: options.origin,
      tls: options.tls,
      connectMs: options.connectMs,
      allowLinkLocal: options.allowLinkLocal,
    });
  }

  /** Connections in use now. */
  get busy(): number {
    return this.inUse.size + this.places;
  }

  /**
   * A connection for one request, at once or when there is one; `giveBack` or `discard` must follow. `isFresh` asks for one that has
   * served nobody. Rejects with `capacity.overloaded` when none comes free in time, `client.gone` when the client goes.
   */
  take(asker: Asker, isFresh = false): Connection | Promise<Connection> {
    if (this.busy < this.options.connectionsMax) return this.open(isFresh);
    return this.turn(asker).then(() => this.open(isFresh));
  }

  /** A place for a connection that somebody else opens; `leave` must follow. Rejects as `take` does. */
  async enter(asker: Asker): Promise<void> {
    if (this.busy >= this.options.connectionsMax) await this.turn(asker);
    this.places += 1;
  }

  leave(): void {
    this.places -= 1;
    this.serveNext();
  }

  /** The request on it has been answered to its end. */
  giveBack(connection: Connection): void {
    this.inUse.delete(connection);
    if (this.isClosed) connection.destroy();
    else this.idle.push(connection);
    this.serveNext();
  }

  /** The request on it was broken off. */
  discard(connection: Connection, error?: Error): void {
    this.inUse.delete(connection);
    connection.destroy(error);
    this.serveNext();
  }

  /** Closes idle connections now, and those in use when they are given back. */
  close(): void {
    this.isClosed = true;
    for (const connection of this.idle.splice(0)) connection.destroy();
  }

  private open(isFresh: boolean): Connection {
    const connection = (isFresh ? undefined : this.idle.pop()) ?? this.make();
    this.inUse.add(connection);
    return connection;
  }

  /** Idle ones make room, so that there are never more than there may be. */
  private make(): Connection {
    if (this.busy + this.idle.length >= this.options.connectionsMax) this.idle.shift()?.destroy();
    return new Connection(this.origin, this.connector, (closed) => {
      const at = this.idle.indexOf(closed);
      if (at === -1) return;
      this.idle.splice(at, 1);
      closed.destroy();
    });
  }

  private turn({ deadline, signal }: Asker): Promise<void> {
    const { queuedMax, queueWaitMs } = this.options;
    if (this.line.size >= queuedMax) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      const leaveLine = (): void => {
        this.line.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', onGone);
      };
      const onGone = (): void => {
        leaveLine();
        reject(new AppError('client.gone'));
      };
      const waiter: Waiter = {
        serve: () => {
          leaveLine();
          resolve();
        },
      };
      const timer = setTimeout(
        () => {
          leaveLine();
          reject(overloaded());
        },
        Math.min(queueWaitMs, deadline.remainingMs()),
      );
      this.line.add(waiter);
      if (signal.aborted) onGone();
      else signal.addEventListener('abort', onGone, { once: true });
    });
  }

  private serveNext(): void {
    const first: Waiter | undefined = this.line.values().next().value;
    if (first !== undefined && this.busy < this.options.connectionsMax) first.serve();
  }
}

function overloaded(): AppError {
  return new AppError('capacity.overloaded', { detail: 'all connections to the upstream are in use' });
}

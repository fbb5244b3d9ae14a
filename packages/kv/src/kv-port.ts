import type { MessagePort } from 'node:worker_threads';
import { AppError } from '@torii/contracts';
import { type Clock, systemClock } from '@torii/service-kit';
import type { KvReply, KvRequest } from './kv-messages.js';

export interface KvPortOptions {
  readonly clock?: Clock;
  /** How many requests may wait for an answer; one more is refused at once. */
  readonly maxPending?: number;
  readonly timeoutMs?: number;
}

export type KvAnswer = Exclude<KvReply, { error: unknown }>;
// Distributes over the union, which a plain Omit would flatten.
type WithoutId<Request> = Request extends unknown ? Omit<Request, 'id'> : never;

interface Pending {
  readonly expiresAtMs: number;
  readonly resolve: (answer: KvAnswer) => void;
  readonly reject: (error: AppError) => void;
}

/** A data thread's end of the line to the thread that owns the maps; shared by the stores of all plugins. */
export class KvPort {
  // In the order of their deadlines, because all requests have the same timeout: one timer serves them all.
  private readonly pending = new Map<number, Pending>();
  private readonly clock: Clock;
  private readonly maxPending: number;
  private readonly timeoutMs: number;
  private timer: NodeJS.Timeout | undefined;
  private nextId = 0;
  private isClosed = false;

  constructor(
    private readonly port: MessagePort,
    options: KvPortOptions = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.maxPending = options.maxPending ?? 10_000;
    this.timeoutMs = options.timeoutMs ?? 2_000;
    port.on('message', (reply: KvReply) => this.settle(reply));
    port.on('close', () => this.close());
  }

  /**
   * Rejects with `capacity.overloaded` when too many requests wait or the owner of the maps does not answer in time,
   * and with `capacity.shutting_down` once the port is closed. A write that timed out may still happen.
   */
  ask(request: WithoutId<KvRequest>): Promise<KvAnswer> {
    if (this.isClosed) return Promise.reject(closedError());
    if (this.pending.size >= this.maxPending) {
      return Promise.reject(new AppError('capacity.overloaded', { detail: 'too many operations wait for the plugin maps' }));
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.port.postMessage({ id, ...request }, request.op === 'set' ? [request.value.buffer as ArrayBuffer] : []);
      this.pending.set(id, { expiresAtMs: this.clock.nowMs() + this.timeoutMs, resolve, reject });
      this.timer ??= setTimeout(() => this.expire(), this.timeoutMs).unref(); // the port keeps the thread alive, not this
    });
  }

  /** Rejects whatever still waits. Idempotent. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    this.port.close();
    for (const { reject } of this.pending.values()) reject(closedError());
    this.pending.clear();
  }

  private settle(reply: KvReply): void {
    const waiting = this.pending.get(reply.id);
    if (waiting === undefined) return; // it came after its timeout
    this.pending.delete(reply.id);
    if ('error' in reply) {
      const { code, detail } = reply.error;
      waiting.reject(new AppError(code, detail === undefined ? {} : { detail }));
    } else {
      waiting.resolve(reply);
    }
  }

  private expire(): void {
    this.timer = undefined;
    const nowMs = this.clock.nowMs();
    for (const [id, waiting] of this.pending) {
      if (waiting.expiresAtMs > nowMs) {
        this.timer = setTimeout(() => this.expire(), Math.ceil(waiting.expiresAtMs - nowMs)).unref();
        return;
      }
      this.pending.delete(id);
      waiting.reject(new AppError('capacity.overloaded', { detail: 'the plugin maps did not answer in time' }));
    }
  }
}

function closedError(): AppError {
  return new AppError('capacity.shutting_down', { detail: 'the plugin maps are closed' });
}

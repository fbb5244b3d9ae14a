import type { ServerResponse } from 'node:http';
import type { CallerSignal } from '@torii/wasm-runtime';

/**
 * Says that a client has gone before it was answered; to be used until the answer is written. Most requests never wait,
 * so nothing is made or listened to until somebody asks.
 */
export class ClientSignal implements CallerSignal {
  constructor(private readonly res: ServerResponse) {}

  get aborted(): boolean {
    return this.res.destroyed;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.res.once('close', listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.res.off('close', listener);
  }
}

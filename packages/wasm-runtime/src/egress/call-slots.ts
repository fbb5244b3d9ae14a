import { EgressError } from './egress-error.js';
import { Shares } from './shares.js';

export interface CallSlotsOptions {
  /** Calls under way at once. */
  readonly totalMax: number;
  /** Of these, for one plugin. */
  readonly pluginMax: number;
  /** How long a call may wait for its turn; 0 refuses it at once. */
  readonly waitMs: number;
}

interface Waiting {
  readonly pluginId: string;
  readonly start: () => void;
}

/**
 * Turns of outbound calls: a plugin that calls a lot waits for itself, not the others for it.
 *
 * As many calls may wait as may be under way, by plugin and in all; each for `waitMs` at most. The one that has waited
 * longest goes first, unless its plugin has its share under way.
 */
export class CallSlots {
  private readonly waitMs: number;
  private readonly underWay: Shares;
  private readonly inLine: Shares;
  // A Set keeps the order of insertion and removes from the middle at once.
  private readonly line = new Set<Waiting>();

  constructor({ totalMax, pluginMax, waitMs }: CallSlotsOptions) {
    this.waitMs = waitMs;
    this.underWay = new Shares(totalMax, pluginMax);
    this.inLine = new Shares(totalMax, pluginMax);
  }

  /** Resolves when the call may begin; `leave` must follow. Throws `EgressError` `busy`, or `aborted` by the signal. */
  async enter(pluginId: string, signal: AbortSignal): Promise<void> {
    if (this.underWay.take(pluginId, 1)) return;
    if (this.waitMs === 0 || !this.inLine.take(pluginId, 1)) throw busy();
    try {
      await this.turn(pluginId, signal);
    } finally {
      this.inLine.giveBack(pluginId, 1);
    }
  }

  leave(pluginId: string): void {
    this.underWay.giveBack(pluginId, 1);
    for (const waiting of this.line) {
      if (!this.underWay.take(waiting.pluginId, 1)) continue;
      waiting.start();
      return;
    }
  }

  private turn(pluginId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leaveLine = (): void => {
        this.line.delete(waiting);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leaveLine();
        reject(new EgressError('aborted', 'the call was cancelled'));
      };
      const waiting: Waiting = {
        pluginId,
        start: () => {
          leaveLine();
          resolve();
        },
      };
      const timer = setTimeout(() => {
        leaveLine();
        reject(busy());
      }, this.waitMs);
      this.line.add(waiting);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function busy(): EgressError {
  return new EgressError('busy', 'too many outbound calls are under way');
}

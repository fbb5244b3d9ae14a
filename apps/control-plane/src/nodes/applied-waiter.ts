import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type ConfigKeys, isGone, NodeRegistry } from '@torii/config-sync';
import { adminApiLimits, type NodeStatus } from '@torii/contracts';
import { type Clock, Deadline, type Logger } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import type { WriteQuery } from '../http/query.js';
import { BUS_SUBSCRIBER, CLOCK, CONFIG_KEYS, LOGGER } from '../platform/tokens.js';
import { type ConfigPosition, RevisionsService } from '../snapshots/revisions.service.js';
import { appliedHeaders, tallyNodes } from './applied-tally.js';

/** How long to go without looking when no node rings: a ring may be lost. */
const pollIntervalMs = 500;

/** Waits until the nodes serve a revision. The acks channel only rings; the registry is the truth. */
@Injectable()
export class AppliedWaiter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly waiting = new Set<() => void>();
  private isClosing = false;

  constructor(
    private readonly registry: NodeRegistry,
    private readonly revisions: RevisionsService,
    @Inject(BUS_SUBSCRIBER) private readonly subscriber: Redis,
    @Inject(CONFIG_KEYS) private readonly keys: ConfigKeys,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscriber.on('ready', this.subscribe);
    this.subscriber.on('message', this.wakeAll);
    if (this.subscriber.status === 'ready') this.subscribe();
  }

  /** Before the server closes: whoever waits is answered with how far it has come. */
  onModuleDestroy(): void {
    this.isClosing = true;
    this.subscriber.off('ready', this.subscribe);
    this.subscriber.off('message', this.wakeAll);
    this.wakeAll();
  }

  /**
   * The headers that say how far the revision has come: when enough live nodes serve it, when one of them refuses it,
   * or when the timeout is over, whichever is first. Never throws: the change is saved, whatever the nodes do.
   */
  async wait(revision: number, query: WriteQuery): Promise<Record<string, string>> {
    const deadline = Deadline.after(query.timeout ?? adminApiLimits.waitDefaultMs, this.clock);
    const quorum = query.min ?? { kind: 'percent', percent: 100 };
    try {
      const { incarnation } = await this.revisions.current();
      const position: ConfigPosition = { incarnation, revision };
      for (;;) {
        const rung = this.nextRing(Math.min(pollIntervalMs, deadline.remainingMs())); // before we look, so that no ring is missed
        const tally = tallyNodes(await this.liveNodes(), position, quorum);
        if (tally.isDone || deadline.isPast || this.isClosing) {
          rung.cancel();
          return appliedHeaders(tally);
        }
        await rung.promise;
      }
    } catch (error) {
      this.log.warn({ err: error, revision }, 'cannot tell which nodes serve the revision');
      return { 'x-config-applied': '0/0; unknown' };
    }
  }

  private async liveNodes(): Promise<NodeStatus[]> {
    const now = this.clock.date();
    return (await this.registry.list()).filter((node) => !isGone(node, now));
  }

  private nextRing(timeoutMs: number): { readonly promise: Promise<void>; readonly cancel: () => void } {
    let cancel = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      cancel = () => {
        clearTimeout(timer);
        this.waiting.delete(cancel);
        resolve();
      };
      const timer = setTimeout(cancel, timeoutMs);
      this.waiting.add(cancel);
    });
    return { promise, cancel };
  }

  private readonly subscribe = (): void => {
    // A lost connection comes back as another `ready`.
    this.subscriber.subscribe(this.keys.acks).then(this.wakeAll, () => undefined);
  };

  private readonly wakeAll = (): void => {
    for (const wake of [...this.waiting]) wake();
  };
}

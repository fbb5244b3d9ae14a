import { type BuilderRegistry, builderHeartbeatMs } from '@torii/build-queue';
import type { BuilderStatus } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';

/** Tells the control plane that this builder is there, and what it can build: every few seconds, and when that changes. */
export class Announcer {
  private timer: NodeJS.Timeout | undefined;
  private isSending = false;
  private sending = Promise.resolve();
  private isStale = false;
  private isFailing = false;
  private isStopped = false;

  constructor(
    private readonly registry: Pick<BuilderRegistry, 'announce' | 'withdraw'>,
    private readonly status: () => BuilderStatus,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.announceNow(), builderHeartbeatMs);
    this.announceNow();
  }

  /** One at a time; what changes meanwhile goes with the next, which follows at once. */
  announceNow(): void {
    if (this.isStopped) return; // it would bring back a builder that has left
    this.isStale = true;
    if (!this.isSending) this.sending = this.send();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.isStale = false;
    clearInterval(this.timer);
    // An announcement on its way would bring it back.
    await this.sending;
    await this.registry.withdraw(this.status().id).catch(() => undefined); // without Redis nobody hears it
  }

  /** Never rejects. */
  private async send(): Promise<void> {
    this.isSending = true;
    while (this.isStale) {
      this.isStale = false;
      try {
        await this.registry.announce(this.status());
        this.isFailing = false;
      } catch (error) {
        if (!this.isFailing) this.log.warn({ err: error }, 'builder not announced');
        this.isFailing = true; // the next heartbeat tries again
      }
    }
    this.isSending = false;
  }
}

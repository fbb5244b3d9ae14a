import type { NodeStatus } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';

/** Where statuses go; `NodeRegistry` outside tests. */
export interface StatusSink {
  report(status: NodeStatus): Promise<void>;
  leave(id: string): Promise<void>;
}

/** Tells the control plane what this node runs: every heartbeat, and at once when it changes. */
export class StatusReporter {
  private timer: NodeJS.Timeout | undefined;
  private isSending = false;
  private isStale = false;
  private isFailing = false;
  private isStopped = false;

  constructor(
    private readonly sink: StatusSink,
    private readonly status: () => NodeStatus,
    private readonly intervalMs: number,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.reportNow(), this.intervalMs);
    this.timer.unref();
    this.reportNow();
  }

  /** One report at a time; what changes meanwhile goes with the next, which follows at once. */
  reportNow(): void {
    if (this.isStopped) return; // it would bring back a node that has left
    this.isStale = true;
    if (!this.isSending) void this.send();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.isStale = false;
    clearInterval(this.timer);
    this.timer = undefined;
    await this.sink.leave(this.status().id).catch(() => undefined); // without Redis nobody hears it, and nobody waits
  }

  private async send(): Promise<void> {
    this.isSending = true;
    while (this.isStale) {
      this.isStale = false;
      try {
        await this.sink.report(this.status());
        this.isFailing = false;
      } catch (error) {
        if (!this.isFailing) this.log.warn({ err: error }, 'status not reported');
        this.isFailing = true; // the next heartbeat tries again
      }
    }
    this.isSending = false;
  }
}

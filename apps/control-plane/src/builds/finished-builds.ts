import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@torii/service-kit';
import { LOGGER } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { unfinished } from './builds.queries.js';

/** How often to look for builds that another control plane has ended. */
const lookIntervalMs = 500;

/** Lets wait for the end of builds, whichever control plane records it. One question to the database for all who wait. */
@Injectable()
export class FinishedBuilds implements OnModuleDestroy {
  private readonly waiting = new Map<string, Set<() => void>>();
  private timer: NodeJS.Timeout | undefined;
  private isClosing = false;

  constructor(
    private readonly prisma: PrismaService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Resolves when the build is over, or no more there, or the signal is aborted, or this process stops. */
  wait(buildId: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.isClosing) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.forget(buildId, wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.waiting.set(buildId, (this.waiting.get(buildId) ?? new Set()).add(wake));
      // At once, too: it may be over already.
      this.timer ??= setTimeout(this.look, 0);
    });
  }

  /** This process has recorded the end of a build. */
  announce(buildId: string): void {
    for (const wake of [...(this.waiting.get(buildId) ?? [])]) wake();
  }

  /** Before the server closes: nobody is kept waiting. */
  onModuleDestroy(): void {
    this.isClosing = true;
    clearTimeout(this.timer);
    for (const buildId of [...this.waiting.keys()]) this.announce(buildId);
  }

  private readonly look = async (): Promise<void> => {
    const asked = [...this.waiting.keys()];
    try {
      const rows = await this.prisma.build.findMany({ where: { id: { in: asked }, status: { in: [...unfinished] } }, select: { id: true } });
      const goingOn = new Set(rows.map(({ id }) => id));
      for (const buildId of asked) if (!goingOn.has(buildId)) this.announce(buildId);
    } catch (error) {
      this.log.warn({ err: error }, 'cannot tell which builds are over, trying again');
    }
    this.timer = this.waiting.size > 0 && !this.isClosing ? setTimeout(this.look, lookIntervalMs) : undefined;
  };

  private forget(buildId: string, wake: () => void): void {
    const waiters = this.waiting.get(buildId);
    waiters?.delete(wake);
    if (waiters?.size === 0) this.waiting.delete(buildId);
  }
}

import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type ConfigKeys, SnapshotPublisher, sealSnapshot } from '@torii/config-sync';
import { type CurrentRevision, defaultWorkspace, type Snapshot } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import { BUS_REDIS, CLOCK, CONFIG_KEYS, LOGGER } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { assembleSnapshot, enabledRoutes, globalSlots, neededVersions } from './assemble-snapshot.js';
import { RevisionsService } from './revisions.service.js';

/** How often to look without being kicked: another control plane may have written, Redis may have been flushed. */
const lookIntervalMs = 1_000;
const readTimeoutMs = 30_000;

export interface PublisherState {
  readonly isHealthy: boolean;
  /** What Redis holds as current, as far as we know. */
  readonly published: number | undefined;
}

/**
 * Brings what the database holds to Redis, after every commit and whenever Redis turns out to hold something else.
 *
 * Several control planes may do this at once: publishing is a compare-and-set on the revision. It never gives up:
 * with Redis or the database away it logs that once, and goes on when they are back.
 */
@Injectable()
export class PublisherService implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isKicked = false;
  private isClosed = false;
  private isHealthy = false;
  private hasFailed = false;
  private published: CurrentRevision | undefined;

  constructor(
    private readonly prisma: PrismaService,
    private readonly revisions: RevisionsService,
    private readonly publisher: SnapshotPublisher,
    @Inject(BUS_REDIS) private readonly redis: Redis,
    @Inject(CONFIG_KEYS) private readonly keys: ConfigKeys,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  get state(): PublisherState {
    return { isHealthy: this.isHealthy, published: this.published?.revision };
  }

  onApplicationBootstrap(): void {
    this.redis.on('ready', this.kick);
    this.timer = setInterval(this.kick, lookIntervalMs);
    this.timer.unref();
    this.kick();
  }

  /** After the last request is served; waits for the publication that is under way. */
  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.timer);
    this.redis.off('ready', this.kick);
    await this.running;
  }

  /** There may be something to publish. Kicks while it is at work are answered by one more look, not one each. */
  readonly kick = (): void => {
    this.isKicked = true;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
      if (this.isKicked && !this.isClosed) this.kick();
    });
  };

  private async run(): Promise<void> {
    while (this.isKicked && !this.isClosed) {
      this.isKicked = false;
      try {
        await this.look();
        if (this.hasFailed) this.log.info({ revision: this.published?.revision }, 'publishing works again');
        this.isHealthy = true;
        this.hasFailed = false;
      } catch (error) {
        if (!this.hasFailed && !this.isClosed) this.log.error({ err: error }, 'configuration not published, trying again');
        this.isHealthy = false;
        this.hasFailed = true;
        return; // the next look is the timer's: not in a tight loop
      }
    }
  }

  private async look(): Promise<void> {
    const position = await this.revisions.current();
    const current = await this.publisher.current();
    if (current !== undefined && this.isPublished(current, position) && (await this.hasSnapshot(current))) return;

    const snapshot = await this.assemble();
    const result = await this.publisher.publish(snapshot);
    if (result.outcome === 'published') {
      const { revision, hash } = snapshot;
      this.log.info({ revision, digest: hash, routes: snapshot.routes.length, plugins: snapshot.plugins.length }, 'configuration published');
    }
    const isFirstLook = this.published === undefined;
    this.published = result.current;
    if (result.outcome !== 'published') await this.healRestoredDatabase(snapshot, result.current, isFirstLook);
  }

  /** Whether Redis holds what this process last made sure of, and the database has nothing newer. */
  private isPublished(current: CurrentRevision, position: { incarnation: string; revision: number }): boolean {
    const isOurs = current.incarnation === this.published?.incarnation && current.hash === this.published.hash;
    return isOurs && current.revision === position.revision && current.incarnation === position.incarnation;
  }

  private async hasSnapshot(current: CurrentRevision): Promise<boolean> {
    return (await this.redis.exists(this.keys.snapshot(current.incarnation, current.revision))) === 1;
  }

  /**
   * Redis knows a revision of this life that the database does not: the database is an older copy of itself.
   *
   * The same number with other contents counts only on the first look after the start: two versions of the control
   * plane that assemble differently would otherwise raise it against each other for as long as both run.
   */
  private async healRestoredDatabase(snapshot: Snapshot, current: CurrentRevision, isFirstLook: boolean): Promise<void> {
    if (current.revision === snapshot.revision && (current.hash === snapshot.hash || !isFirstLook)) return;
    this.isKicked = true;
    const position = await this.revisions.current();
    // Another control plane published a commit that came after our read: nothing to heal, only to look again.
    if (position.revision > snapshot.revision && position.revision >= current.revision) return;
    this.log.warn({ revision: position.revision, published: current.revision }, 'database is behind what was published, raising its revision');
    await this.revisions.raiseAbove(current.revision, {
      at: this.clock.date(),
      actor: 'control-plane',
      summary: `raise above revision ${current.revision}, published before the database was restored`,
    });
  }

  private assemble(): Promise<Snapshot> {
    const where = { workspace: defaultWorkspace };
    return this.prisma.$transaction(
      async (tx) => {
        const position = await this.revisions.current(tx);
        const rows = await tx.route.findMany({ where: { ...where, enabled: true } });
        const plugins = await tx.plugin.findMany({ where, select: { id: true, version: true } });
        const settings = await tx.settings.findUnique({ where });
        const currentVersions = new Map(plugins.map((plugin) => [plugin.id, plugin.version]));
        const routes = enabledRoutes(rows, currentVersions);
        const globals = globalSlots(settings?.spec, currentVersions);
        const needed = neededVersions(routes, globals);
        const pluginVersions = await tx.pluginVersion.findMany({
          where: {
            pluginId: { in: [...new Set(needed.map(({ pluginId }) => pluginId))] },
            version: { in: [...new Set(needed.map(({ version }) => version))] },
          },
        });
        const debugEpoch = settings?.debugEpoch ?? undefined;
        return sealSnapshot(position, { ...assembleSnapshot(routes, pluginVersions, globals), debugEpoch });
      },
      { isolationLevel: 'RepeatableRead', timeout: readTimeoutMs },
    );
  }
}

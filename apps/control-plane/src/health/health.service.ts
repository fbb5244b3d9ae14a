import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { StoreName } from '../objects/object-store.js';
import { ObjectStores } from '../objects/object-stores.js';
import { BUS_REDIS } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { PublisherService } from '../snapshots/publisher.service.js';
import { RevisionsService } from '../snapshots/revisions.service.js';

const checkTimeoutMs = 1_000;

export interface Readiness {
  readonly status: 'ok' | 'unavailable';
  readonly checks: {
    readonly database: { readonly ok: boolean };
    readonly redis: { readonly ok: boolean };
    /** Where artifacts and sources go, which is the database unless something else is configured. */
    readonly storage: { readonly ok: boolean; readonly store: StoreName };
    /** `published` lags behind `revision` while Redis is away. */
    readonly publisher: { readonly ok: boolean; readonly revision: number | null; readonly published: number | null };
  };
}

/** Whether this process can do its work: asked by load balancers, so it says what is wrong, but nothing secret. */
@Injectable()
export class HealthService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly revisions: RevisionsService,
    private readonly publisher: PublisherService,
    @Inject(ObjectStores) private readonly stores: ObjectStores,
    @Inject(BUS_REDIS) private readonly redis: Redis,
  ) {}

  async check(): Promise<Readiness> {
    const { preferred } = this.stores;
    const [database, redis, storage] = await Promise.all([
      succeeds(this.prisma.$queryRaw`SELECT 1`, checkTimeoutMs),
      succeeds(this.redis.ping(), checkTimeoutMs),
      succeeds(preferred.check(), checkTimeoutMs),
    ]);
    const { isHealthy, published } = this.publisher.state;
    return {
      status: database && redis && storage && isHealthy ? 'ok' : 'unavailable',
      checks: {
        database: { ok: database },
        redis: { ok: redis },
        storage: { ok: storage, store: preferred.name },
        publisher: { ok: isHealthy, revision: this.revisions.lastSeen ?? null, published: published ?? null },
      },
    };
  }
}

async function succeeds(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const success = work.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([success, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { AppError, type BuildOutcome, CachedBuild, defaultWorkspace } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import { takeIntoUse } from '../artifacts/unused-artifacts.js';
import type { Env } from '../env.js';
import { CLOCK, ENV } from '../platform/tokens.js';
import type { Prisma } from '../prisma/generated/client.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';

/** Which module a source came to with which tools: bounded, and what was not used for longest goes first. */
@Injectable()
export class BuildCacheService {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Throws `client.not_found` when there is no such build, or its module is gone. */
  async find(key: string): Promise<CachedBuild> {
    const row = await this.prisma.buildCache.findUnique({ where: { key } });
    const build = row === null ? undefined : CachedBuild.parse(row.build);
    const isThere = build !== undefined && (await takeIntoUse(this.prisma, [build.sha256])).has(build.sha256);
    if (!isThere) throw new AppError('client.not_found', { detail: 'nothing was built with this key' });
    await this.prisma.buildCache.updateMany({ where: { key }, data: { usedAt: this.clock.date() } });
    return build;
  }

  async remember(tx: Transaction, outcome: Extract<BuildOutcome, { status: 'succeeded' }>, at: Date): Promise<void> {
    const { cacheKey: key, sha256, toolchain, warnings } = outcome;
    const build: CachedBuild = { sha256, toolchain, warnings };
    const columns = { build: build as Prisma.InputJsonObject, usedAt: at };
    await tx.buildCache.upsert({ where: { key }, create: { key, workspace: defaultWorkspace, createdAt: at, ...columns }, update: columns });
    await tx.$executeRaw`
      DELETE FROM build_cache WHERE key IN (SELECT key FROM build_cache ORDER BY used_at DESC, key OFFSET ${this.env.builds.cacheEntriesMax})`;
  }
}

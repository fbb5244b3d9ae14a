import { Injectable } from '@nestjs/common';
import { canonicalJson } from '@torii/config-sync';
import { Prisma } from '../prisma/generated/client.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { SourceStore } from './source-store.js';

const batchSize = 20;

/** Trees that an earlier release kept in their rows, made the objects that they are now. */
@Injectable()
export class OldTrees {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sources: SourceStore,
  ) {}

  /** Answers how many; throws when the store is away, and then the rest stays as it is. */
  async convert(signal: AbortSignal): Promise<number> {
    let converted = 0;
    for (;;) {
      const rows = await this.prisma.functionSource.findMany({
        where: { tree: { not: Prisma.DbNull } },
        select: { sha256: true, tree: true },
        take: batchSize,
      });
      for (const { sha256, tree } of rows) {
        if (signal.aborted) return converted;
        await this.sources.write({ sha256, canonical: canonicalJson(tree) });
        await this.prisma.functionSource.updateMany({ where: { sha256 }, data: { tree: Prisma.DbNull } });
        converted += 1;
      }
      if (rows.length < batchSize) return converted;
    }
  }
}

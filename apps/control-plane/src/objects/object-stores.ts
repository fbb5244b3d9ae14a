import type { OnApplicationShutdown } from '@nestjs/common';
import type { ObjectSettings } from '../env.js';
import type { PrismaService } from '../prisma/prisma.service.js';
import type { ObjectStore } from './object-store.js';
import { PostgresObjectStore } from './postgres-object-store.js';
import { S3ObjectStore } from './s3-object-store.js';

/** Every store that can be used. */
export class ObjectStores implements OnApplicationShutdown {
  constructor(
    /** Where objects are written, and read first. */
    readonly preferred: ObjectStore,
    readonly all: readonly ObjectStore[],
  ) {}

  /** Opens what is configured; asks no store for anything yet. */
  static async open(settings: ObjectSettings, prisma: PrismaService): Promise<ObjectStores> {
    const postgres = new PostgresObjectStore(prisma.pool);
    if (settings.s3 === undefined) return new ObjectStores(postgres, [postgres]);
    const s3 = await S3ObjectStore.open(settings.s3);
    return new ObjectStores(settings.preferred === 's3' ? s3 : postgres, [s3, postgres]);
  }

  onApplicationShutdown(): void {
    for (const store of this.all) store.close();
  }
}

import { Module } from '@nestjs/common';
import type { Clock } from '@torii/service-kit';
import type { Env } from '../env.js';
import { CLOCK, ENV } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { ObjectCopies } from './object-copies.js';
import { ObjectStores } from './object-stores.js';
import { ObjectUpkeep } from './object-upkeep.js';
import { StoredObjects } from './stored-objects.js';

@Module({
  providers: [
    { provide: ObjectStores, inject: [ENV, PrismaService], useFactory: (env: Env, prisma: PrismaService) => ObjectStores.open(env.objects, prisma) },
    { provide: ObjectCopies, inject: [PrismaService], useFactory: (prisma: PrismaService) => new ObjectCopies(prisma.pool) },
    {
      provide: StoredObjects,
      inject: [ObjectCopies, ObjectStores, CLOCK],
      useFactory: (copies: ObjectCopies, stores: ObjectStores, clock: Clock) => new StoredObjects(copies, stores, clock),
    },
    ObjectUpkeep,
  ],
  exports: [ObjectStores, StoredObjects, ObjectUpkeep],
})
export class ObjectsModule {}

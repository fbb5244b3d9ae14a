import { Module } from '@nestjs/common';
import { ObjectsModule } from '../objects/objects.module.js';
import { SnapshotsModule } from '../snapshots/snapshots.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

@Module({ imports: [SnapshotsModule, ObjectsModule], controllers: [HealthController], providers: [HealthService] })
export class HealthModule {}

import { Module } from '@nestjs/common';
import { SnapshotsModule } from '../snapshots/snapshots.module.js';
import { AppliedWaiter } from './applied-waiter.js';
import { NodesController } from './nodes.controller.js';
import { NodesService } from './nodes.service.js';

@Module({ imports: [SnapshotsModule], controllers: [NodesController], providers: [NodesService, AppliedWaiter], exports: [AppliedWaiter] })
export class NodesModule {}

import { Module } from '@nestjs/common';
import { SnapshotsModule } from '../snapshots/snapshots.module.js';
import { WritesModule } from '../writes/writes.module.js';
import { TesterController } from './tester.controller.js';
import { TesterService } from './tester.service.js';

@Module({ imports: [SnapshotsModule, WritesModule], controllers: [TesterController], providers: [TesterService] })
export class TesterModule {}

import { Module } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { SnapshotsModule } from '../snapshots/snapshots.module.js';
import { ConfigWriter } from './config-writer.service.js';

@Module({ imports: [SnapshotsModule], providers: [AuditService, ConfigWriter], exports: [AuditService, ConfigWriter] })
export class WritesModule {}

import { Module } from '@nestjs/common';
import { PublisherService } from './publisher.service.js';
import { RevisionsService } from './revisions.service.js';

@Module({ providers: [RevisionsService, PublisherService], exports: [RevisionsService, PublisherService] })
export class SnapshotsModule {}

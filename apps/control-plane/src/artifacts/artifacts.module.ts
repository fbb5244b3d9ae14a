import { Module } from '@nestjs/common';
import { ObjectsModule } from '../objects/objects.module.js';
import { SnapshotsModule } from '../snapshots/snapshots.module.js';
import { WritesModule } from '../writes/writes.module.js';
import { ArtifactsController } from './artifacts.controller.js';
import { ArtifactsService } from './artifacts.service.js';
import { InternalArtifactsController } from './internal-artifacts.controller.js';
import { UnusedArtifacts } from './unused-artifacts.js';

@Module({
  imports: [WritesModule, SnapshotsModule, ObjectsModule],
  controllers: [ArtifactsController, InternalArtifactsController],
  providers: [ArtifactsService, UnusedArtifacts],
  exports: [ArtifactsService, UnusedArtifacts],
})
export class ArtifactsModule {}

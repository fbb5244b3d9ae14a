import { Module } from '@nestjs/common';
import { WritesModule } from '../writes/writes.module.js';
import { ArtifactStore } from './artifact-store.js';
import { ArtifactsController } from './artifacts.controller.js';
import { ArtifactsService } from './artifacts.service.js';
import { InternalArtifactsController } from './internal-artifacts.controller.js';

@Module({
  imports: [WritesModule],
  controllers: [ArtifactsController, InternalArtifactsController],
  providers: [ArtifactsService, ArtifactStore],
  exports: [ArtifactsService],
})
export class ArtifactsModule {}

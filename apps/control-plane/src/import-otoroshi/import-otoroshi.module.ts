import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { WritesModule } from '../writes/writes.module.js';
import { ImportOtoroshiController } from './import-otoroshi.controller.js';
import { ImportOtoroshiService } from './import-otoroshi.service.js';

@Module({
  imports: [WritesModule, ArtifactsModule],
  controllers: [ImportOtoroshiController],
  providers: [ImportOtoroshiService],
})
export class ImportOtoroshiModule {}

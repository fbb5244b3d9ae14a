import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { PluginsModule } from '../plugins/plugins.module.js';
import { RoutesModule } from '../routes/routes.module.js';
import { WritesModule } from '../writes/writes.module.js';
import { ImportOtoroshiController } from './import-otoroshi.controller.js';
import { ImportOtoroshiService } from './import-otoroshi.service.js';

@Module({
  imports: [WritesModule, ArtifactsModule, PluginsModule, RoutesModule],
  controllers: [ImportOtoroshiController],
  providers: [ImportOtoroshiService],
})
export class ImportOtoroshiModule {}

import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { WritesModule } from '../writes/writes.module.js';
import { PluginsController } from './plugins.controller.js';
import { PluginsService } from './plugins.service.js';

@Module({ imports: [WritesModule, ArtifactsModule], controllers: [PluginsController], providers: [PluginsService], exports: [PluginsService] })
export class PluginsModule {}

import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { LanguagesModule } from '../languages/languages.module.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

@Module({ imports: [ArtifactsModule, LanguagesModule], controllers: [RunsController], providers: [RunsService] })
export class RunsModule {}

import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { FunctionsModule } from '../functions/functions.module.js';
import { LanguagesModule } from '../languages/languages.module.js';
import { SnapshotsModule } from '../snapshots/snapshots.module.js';
import { WritesModule } from '../writes/writes.module.js';
import { BuildCacheService } from './build-cache.service.js';
import { BuildDispatcher } from './build-dispatcher.service.js';
import { BuildLogsService } from './build-logs.service.js';
import { BuildOutcomesListener } from './build-outcomes.listener.js';
import { BuildRecorder } from './build-recorder.service.js';
import { BuildSettler } from './build-settler.service.js';
import { BuildsController } from './builds.controller.js';
import { BuildsService } from './builds.service.js';
import { FinishedBuilds } from './finished-builds.js';
import { InternalBuildsController } from './internal-builds.controller.js';

@Module({
  imports: [SnapshotsModule, WritesModule, ArtifactsModule, FunctionsModule, LanguagesModule],
  controllers: [BuildsController, InternalBuildsController],
  providers: [
    BuildsService,
    BuildDispatcher,
    BuildRecorder,
    BuildSettler,
    BuildOutcomesListener,
    BuildLogsService,
    BuildCacheService,
    FinishedBuilds,
  ],
})
export class BuildsModule {}

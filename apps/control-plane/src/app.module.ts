import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { ArtifactsModule } from './artifacts/artifacts.module.js';
import { ApiKeyGuard } from './auth/api-key.guard.js';
import { BuildsModule } from './builds/builds.module.js';
import { QueueModule } from './builds/queue.module.js';
import { FunctionsModule } from './functions/functions.module.js';
import { HealthModule } from './health/health.module.js';
import { AnswerInterceptor } from './http/answer.interceptor.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ImportOtoroshiModule } from './import-otoroshi/import-otoroshi.module.js';
import { LanguagesModule } from './languages/languages.module.js';
import { NodesModule } from './nodes/nodes.module.js';
import { type Platform, platformModule } from './platform/platform.module.js';
import { PluginsModule } from './plugins/plugins.module.js';
import { RoutesModule } from './routes/routes.module.js';
import { RunsModule } from './runs/runs.module.js';
import { SettingsModule } from './settings/settings.module.js';
import { SnapshotsModule } from './snapshots/snapshots.module.js';
import { TailModule } from './tail/tail.module.js';
import { TemplatesModule } from './templates/templates.module.js';
import { TesterModule } from './tester/tester.module.js';
import { UpkeepModule } from './upkeep/upkeep.module.js';

@Module({
  imports: [
    SnapshotsModule,
    ApiKeysModule,
    PluginsModule,
    RoutesModule,
    SettingsModule,
    ArtifactsModule,
    FunctionsModule,
    NodesModule,
    TailModule,
    HealthModule,
    QueueModule,
    BuildsModule,
    LanguagesModule,
    TemplatesModule,
    RunsModule,
    TesterModule,
    UpkeepModule,
    ImportOtoroshiModule,
  ],
  providers: [
    { provide: APP_GUARD, useClass: ApiKeyGuard },
    { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
})
class AppModule {}

/** The list of features, on top of what the composition root has opened. */
export function appModule(platform: Platform): DynamicModule {
  return { module: AppModule, imports: [platformModule(platform)] };
}

import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { ObjectsModule } from '../objects/objects.module.js';
import { PluginsModule } from '../plugins/plugins.module.js';
import { RoutesModule } from '../routes/routes.module.js';
import { WritesModule } from '../writes/writes.module.js';
import { FunctionEndpoint } from './function-endpoint.js';
import { FunctionFilesController } from './function-files.controller.js';
import { FunctionFilesService } from './function-files.service.js';
import { FunctionVersionsController } from './function-versions.controller.js';
import { FunctionVersions } from './function-versions.js';
import { FunctionVersionsService } from './function-versions.service.js';
import { FunctionWriter } from './function-writer.js';
import { FunctionsController } from './functions.controller.js';
import { FunctionsService } from './functions.service.js';
import { OldTrees } from './old-trees.js';
import { SourceStore } from './source-store.js';

@Module({
  imports: [WritesModule, ArtifactsModule, ObjectsModule, PluginsModule, RoutesModule],
  controllers: [FunctionsController, FunctionFilesController, FunctionVersionsController],
  providers: [
    FunctionsService,
    FunctionWriter,
    FunctionFilesService,
    FunctionVersionsService,
    FunctionVersions,
    FunctionEndpoint,
    SourceStore,
    OldTrees,
  ],
  exports: [FunctionVersions, SourceStore, OldTrees],
})
export class FunctionsModule {}

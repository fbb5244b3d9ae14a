import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { FunctionsModule } from '../functions/functions.module.js';
import { ObjectsModule } from '../objects/objects.module.js';
import { UpkeepService } from './upkeep.service.js';

@Module({ imports: [ArtifactsModule, ObjectsModule, FunctionsModule], providers: [UpkeepService] })
export class UpkeepModule {}

import { Module } from '@nestjs/common';
import { WritesModule } from '../writes/writes.module.js';
import { RoutesController } from './routes.controller.js';
import { RoutesService } from './routes.service.js';

@Module({ imports: [WritesModule], controllers: [RoutesController], providers: [RoutesService], exports: [RoutesService] })
export class RoutesModule {}

import { Module } from '@nestjs/common';
import { TailController } from './tail.controller.js';
import { TailService } from './tail.service.js';
import { TailBus } from './tail-bus.js';

@Module({ controllers: [TailController], providers: [TailService, TailBus] })
export class TailModule {}

import { Body, Controller, Get, Patch, Put } from '@nestjs/common';
import { Settings } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import { JsonObjectPipe } from '../http/body.pipe.js';
import type { JsonObject } from '../http/merge-patch.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { patchSettings, readSettings, replaceSettings } from './settings.operations.js';
import { SettingsService } from './settings.service.js';

@Controller('api/v1/settings')
export class SettingsController {
  constructor(private readonly settings: SettingsService) {}

  @Get()
  @RequireScope('settings:read')
  @Operation(readSettings)
  get(@Context() context: RequestContext): Promise<Answer<Settings | undefined>> {
    return this.settings.get(context);
  }

  @Put()
  @RequireScope('settings:write')
  @Operation(replaceSettings)
  put(@Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.settings.put(body, context);
  }

  @Patch()
  @RequireScope('settings:write')
  @Operation(patchSettings)
  patch(@Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.settings.patch(body, context);
  }
}

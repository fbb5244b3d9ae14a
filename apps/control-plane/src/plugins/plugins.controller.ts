import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import { type List, listOf, Plugin, PluginSpec } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import { JsonObjectPipe } from '../http/body.pipe.js';
import type { JsonObject } from '../http/merge-patch.js';
import { ListQuery, PageQuery } from '../http/query.js';
import { Context, ParsedQuery, type RequestContext } from '../http/request-context.js';
import { createOperation, deleteOperation, patchOperation, putOperation, readOperation } from '../openapi/entity-operations.js';
import { Operation } from '../openapi/operation.decorator.js';
import { PluginsService } from './plugins.service.js';

const entity = {
  noun: 'plugin',
  spec: PluginSpec,
  entity: Plugin,
  onWrite:
    'A write that changes something makes a new, immutable version. The module is checked: its function must be exported, and every import known ' +
    'and granted. A `base64` source is stored as an artifact, and answered as one.',
};

@Controller('api/v1/plugins')
export class PluginsController {
  constructor(private readonly plugins: PluginsService) {}

  @Get()
  @RequireScope('plugins:read')
  @Operation({ summary: 'List plugins', query: ListQuery, answers: { 200: { description: 'A page of plugins, by name', schema: listOf(Plugin) } } })
  list(@ParsedQuery() query: ListQuery): Promise<List<Plugin>> {
    return this.plugins.list(query);
  }

  @Post()
  @RequireScope('plugins:write')
  @Operation(createOperation(entity))
  create(@Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.plugins.create(body, context);
  }

  @Get(':plugin')
  @RequireScope('plugins:read')
  @Operation(readOperation(entity))
  get(@Param('plugin') reference: string, @Context() context: RequestContext): Promise<Answer> {
    return this.plugins.get(reference, context);
  }

  @Put(':plugin')
  @RequireScope('plugins:write')
  @Operation(putOperation(entity))
  put(@Param('plugin') reference: string, @Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.plugins.put(reference, body, context);
  }

  @Patch(':plugin')
  @RequireScope('plugins:write')
  @Operation(patchOperation(entity))
  patch(@Param('plugin') reference: string, @Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.plugins.patch(reference, body, context);
  }

  @Delete(':plugin')
  @HttpCode(204)
  @RequireScope('plugins:write')
  @Operation(deleteOperation(entity))
  remove(@Param('plugin') reference: string, @Context() context: RequestContext): Promise<Answer> {
    return this.plugins.remove(reference, context);
  }

  @Get(':plugin/versions')
  @RequireScope('plugins:read')
  @Operation({
    summary: 'List the versions of a plugin',
    query: PageQuery,
    answers: { 200: { description: 'A page of versions, the newest first', schema: listOf(Plugin) } },
    problems: [404],
  })
  versions(@Param('plugin') reference: string, @ParsedQuery() query: PageQuery): Promise<List<Plugin>> {
    return this.plugins.versions(reference, query);
  }

  @Get(':plugin/versions/:version')
  @RequireScope('plugins:read')
  @Operation({ summary: 'Read a version of a plugin', answers: { 200: { description: 'The plugin as it was', schema: Plugin } }, problems: [404] })
  version(@Param('plugin') reference: string, @Param('version') version: string): Promise<Plugin> {
    return this.plugins.version(reference, version);
  }
}

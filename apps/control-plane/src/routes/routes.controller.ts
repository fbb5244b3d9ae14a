import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import { type List, listOf, Route, RouteSpec } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import { JsonObjectPipe } from '../http/body.pipe.js';
import type { JsonObject } from '../http/merge-patch.js';
import { ListQuery } from '../http/query.js';
import { Context, ParsedQuery, type RequestContext } from '../http/request-context.js';
import { createOperation, deleteOperation, patchOperation, putOperation, readOperation } from '../openapi/entity-operations.js';
import { Operation } from '../openapi/operation.decorator.js';
import { RoutesService } from './routes.service.js';

const entity = {
  noun: 'route',
  spec: RouteSpec,
  entity: Route,
  onWrite: 'Plugins are referred to by name or id, and answered by name.',
};

@Controller('api/v1/routes')
export class RoutesController {
  constructor(private readonly routes: RoutesService) {}

  @Get()
  @RequireScope('routes:read')
  @Operation({ summary: 'List routes', query: ListQuery, answers: { 200: { description: 'A page of routes, by name', schema: listOf(Route) } } })
  list(@ParsedQuery() query: ListQuery): Promise<List<Route>> {
    return this.routes.list(query);
  }

  @Post()
  @RequireScope('routes:write')
  @Operation(createOperation(entity))
  create(@Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.routes.create(body, context);
  }

  @Get(':route')
  @RequireScope('routes:read')
  @Operation(readOperation(entity))
  get(@Param('route') reference: string, @Context() context: RequestContext): Promise<Answer> {
    return this.routes.get(reference, context);
  }

  @Put(':route')
  @RequireScope('routes:write')
  @Operation(putOperation(entity))
  put(@Param('route') reference: string, @Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.routes.put(reference, body, context);
  }

  @Patch(':route')
  @RequireScope('routes:write')
  @Operation(patchOperation(entity))
  patch(@Param('route') reference: string, @Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.routes.patch(reference, body, context);
  }

  @Delete(':route')
  @HttpCode(204)
  @RequireScope('routes:write')
  @Operation(deleteOperation(entity))
  remove(@Param('route') reference: string, @Context() context: RequestContext): Promise<Answer> {
    return this.routes.remove(reference, context);
  }
}

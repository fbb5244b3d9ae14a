import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import { FunctionEntity, type List, listOf } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import type { JsonObject } from '../http/merge-patch.js';
import { ListQuery } from '../http/query.js';
import { Context, ParsedQuery, type RequestContext } from '../http/request-context.js';
import { createOperation, deleteOperation, patchOperation, putOperation, readOperation } from '../openapi/entity-operations.js';
import { Operation } from '../openapi/operation.decorator.js';
import { FunctionInput } from './function-input.js';
import { FunctionsService } from './functions.service.js';
import { SourcesPipe } from './sources.pipe.js';

const entity = {
  noun: 'function',
  spec: FunctionInput,
  entity: FunctionEntity,
  onWrite:
    'Sources come along as `files`, or as the name of a `template` of the language, which also gives `functionNames`, `testInputs` and `settings` ' +
    'that the body leaves out. A new function without either begins with the template `empty`; one that exists keeps its sources. With ' +
    '`endpoint.enabled` the function answers at `/fn/<name>` on every node as soon as there is such a version, by a plugin and a route of ' +
    'its own. So these scopes are needed too, `plugins:write` and `routes:write`: to switch it on or off, to change the name, the settings or the ' +
    'endpoint of a function while it is on, and to delete the function then.',
};

@Controller('api/v1/functions')
export class FunctionsController {
  constructor(private readonly functions: FunctionsService) {}

  @Get()
  @RequireScope('functions:read')
  @Operation({
    summary: 'List functions',
    query: ListQuery,
    answers: { 200: { description: 'A page of functions, by name', schema: listOf(FunctionEntity) } },
  })
  list(@ParsedQuery() query: ListQuery): Promise<List<FunctionEntity>> {
    return this.functions.list(query);
  }

  @Post()
  @RequireScope('functions:write')
  @Operation(createOperation(entity))
  create(@Body(SourcesPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.functions.create(body, context);
  }

  @Get(':function')
  @RequireScope('functions:read')
  @Operation(readOperation(entity))
  get(@Param('function') reference: string, @Context() context: RequestContext): Promise<Answer> {
    return this.functions.get(reference, context);
  }

  @Put(':function')
  @RequireScope('functions:write')
  @Operation(putOperation(entity))
  put(@Param('function') reference: string, @Body(SourcesPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.functions.put(reference, body, context);
  }

  @Patch(':function')
  @RequireScope('functions:write')
  @Operation(patchOperation(entity))
  patch(@Param('function') reference: string, @Body(SourcesPipe) body: JsonObject, @Context() context: RequestContext): Promise<Answer> {
    return this.functions.patch(reference, body, context);
  }

  @Delete(':function')
  @HttpCode(204)
  @RequireScope('functions:write')
  @Operation({
    ...deleteOperation(entity),
    description: 'Its versions, builds and endpoint go with it. Refused while other plugins run one of its versions.',
  })
  remove(@Param('function') reference: string, @Context() context: RequestContext): Promise<Answer> {
    return this.functions.remove(reference, context);
  }
}

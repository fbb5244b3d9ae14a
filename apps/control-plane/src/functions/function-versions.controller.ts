import { Controller, Delete, Get, Headers, HttpCode, Param, type StreamableFile } from '@nestjs/common';
import { FunctionDiff, FunctionVersion, type List, listOf, SourceTree, VersionName } from '@torii/contracts';
import { z } from 'zod';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import { PageQuery } from '../http/query.js';
import { Context, ParsedQuery, type RequestContext } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { FunctionVersionsService } from './function-versions.service.js';

const DiffQuery = z.strictObject({
  from: z.union([z.literal('latest'), VersionName]).meta({ description: 'The version to compare with' }),
});

@Controller('api/v1/functions')
export class FunctionVersionsController {
  constructor(private readonly versions: FunctionVersionsService) {}

  @Get(':function/versions')
  @RequireScope('functions:read')
  @Operation({
    summary: 'List the versions of a function',
    query: PageQuery,
    answers: { 200: { description: 'A page of versions: `dev`, then releases, the highest first', schema: listOf(FunctionVersion) } },
    problems: [404],
  })
  list(@Param('function') reference: string, @ParsedQuery() query: PageQuery): Promise<List<FunctionVersion>> {
    return this.versions.list(reference, query);
  }

  @Get(':function/versions/:version')
  @RequireScope('functions:read')
  @Operation({
    summary: 'Read a version of a function',
    description: '`dev`, a release such as `1.2.0`, or `latest` for the highest of them.',
    answers: { 200: { description: 'The version', schema: FunctionVersion } },
    problems: [404],
  })
  get(@Param('function') reference: string, @Param('version') version: string): Promise<FunctionVersion> {
    return this.versions.get(reference, version);
  }

  @Get(':function/versions/:version/files')
  @RequireScope('functions:read')
  @Operation({
    summary: 'Read the sources a version was built from',
    description: 'With `Accept: application/zip` as a zip archive.',
    answers: { 200: { description: 'The files', schema: SourceTree, orAs: ['application/zip'] } },
    problems: [404],
  })
  files(@Param('function') reference: string, @Param('version') version: string, @Headers('accept') accept: string | undefined): Promise<Answer> {
    return this.versions.files(reference, version, accept);
  }

  @Get(':function/versions/:version/wasm')
  @RequireScope('functions:read')
  @Operation({
    summary: 'Download the module of a version',
    requestHeaders: ['If-None-Match'],
    answers: {
      200: { description: 'The bytes', contentType: 'application/wasm', headers: { ETag: 'Of the bytes' } },
      304: { description: 'The caller has the bytes' },
    },
    problems: [404],
  })
  wasm(
    @Param('function') reference: string,
    @Param('version') version: string,
    @Context() context: RequestContext,
  ): Promise<Answer<StreamableFile | undefined>> {
    return this.versions.wasm(reference, version, context);
  }

  @Get(':function/versions/:version/diff')
  @RequireScope('functions:read')
  @Operation({
    summary: 'Compare a version with another one',
    description: 'Patches of files that are not text, or too large or different to be compared in time, are left out.',
    query: DiffQuery,
    answers: { 200: { description: 'What changed from `from` to the version', schema: FunctionDiff } },
    problems: [404],
  })
  diff(
    @Param('function') reference: string,
    @Param('version') version: string,
    @ParsedQuery() query: z.infer<typeof DiffQuery>,
  ): Promise<FunctionDiff> {
    return this.versions.diff(reference, version, query.from);
  }

  @Delete(':function/versions/:version')
  @HttpCode(204)
  @RequireScope('functions:write')
  @Operation({
    summary: 'Delete a version of a function',
    description: 'Refused while a plugin runs it, now or because a route pins that version of the plugin.',
    answers: { 204: { description: 'It is gone' } },
    problems: [404, 409],
  })
  remove(@Param('function') reference: string, @Param('version') version: string, @Context() context: RequestContext): Promise<Answer> {
    return this.versions.remove(reference, version, context);
  }
}

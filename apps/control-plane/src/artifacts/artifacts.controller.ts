import { Readable } from 'node:stream';
import { Body, Controller, Get, Headers, Param, Post, type StreamableFile } from '@nestjs/common';
import { Artifact, artifactMaxBytes, type List, listOf } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import { UploadPipe } from '../http/body.pipe.js';
import { PageQuery } from '../http/query.js';
import { Context, ParsedQuery, type RequestContext } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { ArtifactsService } from './artifacts.service.js';

@Controller('api/v1/artifacts')
export class ArtifactsController {
  constructor(private readonly artifacts: ArtifactsService) {}

  @Post()
  @RequireScope('artifacts:write')
  @Operation({
    summary: 'Upload a Wasm module',
    description: `The bytes of a core WebAssembly module, at most ${artifactMaxBytes}. They are stored under their sha256; the same bytes again answer 200.`,
    body: { contentTypes: ['application/wasm', 'application/octet-stream'] },
    answers: {
      200: { description: 'The artifact was there already', schema: Artifact },
      201: { description: 'The artifact', schema: Artifact, headers: { Location: 'Address of the artifact' } },
    },
    problems: [413, 415, 422],
  })
  upload(
    @Body(UploadPipe) body: Readable,
    @Headers('content-length') length: string | undefined,
    @Context() context: RequestContext,
  ): Promise<Answer> {
    return this.artifacts.upload(body, length === undefined ? undefined : Number(length), context);
  }

  @Get()
  @RequireScope('artifacts:read')
  @Operation({
    summary: 'List artifacts',
    query: PageQuery,
    answers: { 200: { description: 'A page of artifacts, the newest first', schema: listOf(Artifact) } },
  })
  list(@ParsedQuery() query: PageQuery): Promise<List<Artifact>> {
    return this.artifacts.list(query);
  }

  @Get(':sha256')
  @RequireScope('artifacts:read')
  @Operation({
    summary: 'Read what an artifact imports and exports',
    answers: { 200: { description: 'The artifact', schema: Artifact } },
    problems: [404],
  })
  get(@Param('sha256') sha256: string): Promise<Artifact> {
    return this.artifacts.get(sha256);
  }

  @Get(':sha256/content')
  @RequireScope('artifacts:read')
  @Operation({
    summary: 'Download an artifact',
    requestHeaders: ['If-None-Match'],
    answers: {
      200: { description: 'The bytes', contentType: 'application/wasm', headers: { ETag: 'Of the bytes' } },
      304: { description: 'The caller has the bytes' },
    },
    problems: [404],
  })
  content(@Param('sha256') sha256: string, @Context() context: RequestContext): Promise<Answer<StreamableFile | undefined>> {
    return this.artifacts.content(sha256, context.ifNoneMatch);
  }
}

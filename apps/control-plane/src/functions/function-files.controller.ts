import type { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Put } from '@nestjs/common';
import { FunctionEntity, SourceTree, sourceLimits } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import type { JsonObject } from '../http/merge-patch.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { TakesBytes } from '../http/takes-bytes.decorator.js';
import { Operation } from '../openapi/operation.decorator.js';
import { FunctionFilesService } from './function-files.service.js';
import { FilePipe, TreePipe } from './sources.pipe.js';

const zip = 'application/zip';
const etag = { ETag: 'Of the function, for If-Match' };
const saved = { description: 'The function with its new sources', schema: FunctionEntity, headers: etag };
const limits =
  `A function may have ${sourceLimits.filesMax} files, ${sourceLimits.fileMaxBytes} bytes in one and ${sourceLimits.totalMaxBytes} in all. ` +
  'Paths are relative; files inside `node_modules` or `.git` are refused.';

@Controller('api/v1/functions')
export class FunctionFilesController {
  constructor(private readonly files: FunctionFilesService) {}

  @Get(':function/files')
  @RequireScope('functions:read')
  @Operation({
    summary: 'Read the sources of a function',
    description: `All files, sorted by path; with \`Accept: ${zip}\` as a zip archive.`,
    requestHeaders: ['If-None-Match'],
    answers: {
      200: { description: 'The files', schema: SourceTree, orAs: [zip], headers: etag },
      304: { description: 'The function is as If-None-Match says' },
    },
    problems: [404],
  })
  get(@Param('function') reference: string, @Headers('accept') accept: string | undefined, @Context() context: RequestContext): Promise<Answer> {
    return this.files.get(reference, accept, context);
  }

  @Put(':function/files')
  @RequireScope('functions:write')
  @TakesBytes([zip])
  @Operation({
    summary: 'Replace the sources of a function',
    description: `All of them, as JSON or as a zip archive of plain files, whose folders are taken as they are. ${limits}`,
    body: { contentTypes: ['application/json', zip], schema: SourceTree },
    requestHeaders: ['If-Match'],
    answers: { 200: saved },
    problems: [404, 412, 413, 415, 422],
  })
  put(@Param('function') reference: string, @Body(TreePipe) body: JsonObject | Readable, @Context() context: RequestContext): Promise<Answer> {
    return this.files.put(reference, body, context);
  }

  @Get(':function/files/*')
  @RequireScope('functions:read')
  @Operation({
    summary: 'Read a file of a function',
    description: 'Its bytes: UTF-8 as `text/plain`, anything else as `application/octet-stream`.',
    requestHeaders: ['If-None-Match'],
    answers: {
      200: { description: 'The bytes', contentType: 'application/octet-stream', orAs: ['text/plain'], headers: etag },
      304: { description: 'The function is as If-None-Match says' },
    },
    problems: [404],
  })
  getFile(@Param('function') reference: string, @Param('*') path: string, @Context() context: RequestContext): Promise<Answer> {
    return this.files.getFile(reference, path, context);
  }

  @Put(':function/files/*')
  @RequireScope('functions:write')
  @TakesBytes('any')
  @Operation({
    summary: 'Write a file of a function',
    description: `The bytes as they come, whatever the content type. ${limits}`,
    body: { contentTypes: ['application/octet-stream', 'text/plain'] },
    requestHeaders: ['If-Match'],
    answers: { 200: saved, 201: { ...saved, description: 'The file is new' } },
    problems: [404, 409, 412, 413, 422],
  })
  putFile(
    @Param('function') reference: string,
    @Param('*') path: string,
    @Body(FilePipe) body: Readable | undefined,
    @Context() context: RequestContext,
  ): Promise<Answer> {
    return this.files.putFile(reference, path, body, context);
  }

  @Delete(':function/files/*')
  @HttpCode(204)
  @RequireScope('functions:write')
  @Operation({
    summary: 'Delete a file of a function',
    requestHeaders: ['If-Match'],
    answers: { 204: { description: 'It is gone', headers: etag } },
    problems: [404, 409, 412],
  })
  removeFile(@Param('function') reference: string, @Param('*') path: string, @Context() context: RequestContext): Promise<Answer> {
    return this.files.removeFile(reference, path, context);
  }
}

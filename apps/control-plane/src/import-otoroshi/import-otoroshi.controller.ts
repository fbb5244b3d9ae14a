import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import { Context, ParsedQuery, type RequestContext } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { ImportQuery } from './import.query.js';
import { ImportBodyPipe } from './import-body.pipe.js';
import { ImportOtoroshiService } from './import-otoroshi.service.js';
import { ImportReport } from './report.js';

const File = z
  .union([z.record(z.string(), z.json()), z.array(z.json())])
  .meta({ description: 'A route, a Wasm plugin, a list of them, or an export (`otoroshi.json`)' });

@Controller('api/v1/import')
export class ImportOtoroshiController {
  constructor(private readonly imports: ImportOtoroshiService) {}

  @Post('otoroshi')
  @HttpCode(200)
  @RequireScope('routes:write')
  @Operation({
    summary: 'Import routes, Wasm plugins and global plugins of Otoroshi',
    description:
      'In one transaction: all of it, or with `dryRun` nothing. What cannot be taken over is reported, each with a pointer into the body. ' +
      'The same file again changes nothing. Needs plugins:write too, and settings:write where the file has global plugins.',
    query: ImportQuery,
    body: { contentTypes: ['application/json'], schema: File },
    isWrite: true,
    requestHeaders: ['Idempotency-Key'],
    answers: { 200: { description: 'What was done, and what could not be', schema: ImportReport } },
    problems: [409, 413, 415, 422],
  })
  otoroshi(@Body(ImportBodyPipe) body: unknown, @ParsedQuery() query: ImportQuery, @Context() context: RequestContext): Promise<Answer> {
    return this.imports.import(body, query, context);
  }
}

import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { FunctionRun, FunctionRunRequest } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import { JsonObjectPipe } from '../http/body.pipe.js';
import type { JsonObject } from '../http/merge-patch.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { RunsService } from './runs.service.js';

@Controller('api/v1/functions')
export class RunsController {
  constructor(private readonly runs: RunsService) {}

  @Post(':function/run')
  @HttpCode(200)
  @RequireScope('functions:write')
  @Operation({
    summary: 'Run a built version',
    description:
      'Outside of any route: real host functions, on stores that end with the call. `dev` where it was built, else the latest release, unless `version` ' +
      'says otherwise; `settings` take the place of those of the function, field by field. A function that fails is answered 200 with `ok` false. No grant opens ' +
      'more than those stores; with `allowPrivate`, its own or given here, the scope `plugins:write` is needed too.',
    body: { contentTypes: ['application/json'], schema: FunctionRunRequest },
    answers: { 200: { description: 'What it answered, logged and called, and how long it took', schema: FunctionRun } },
    problems: [404, 413, 415],
  })
  run(@Param('function') reference: string, @Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<FunctionRun> {
    return this.runs.run(reference, body, context);
  }
}

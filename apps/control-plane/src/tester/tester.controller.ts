import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { DebugToken, DebugTokenRequest, Report, TesterAnswer, TesterRequest } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import { JsonObjectPipe } from '../http/body.pipe.js';
import type { JsonObject } from '../http/merge-patch.js';
import { WriteQuery } from '../http/query.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { TesterService } from './tester.service.js';

@Controller('api/v1/tester')
export class TesterController {
  constructor(private readonly tester: TesterService) {}

  @Post()
  @HttpCode(200)
  @RequireScope('tester:run')
  @Operation({
    summary: 'Try a request',
    description:
      'A node sends itself the request and serves it as any other: plugins run for real, with all their effects. `draft` is laid over the saved configuration ' +
      'for this request alone, and needs the scopes that saving it needs: `routes:write`, `plugins:write`, `settings:write`. Whatever the request is answered, the tester answers 200 with the response and the report.',
    body: { contentTypes: ['application/json'], schema: TesterRequest },
    answers: { 200: { description: 'The response, and what happened on the way to it', schema: TesterAnswer } },
    problems: [413, 415, 503, 504],
  })
  run(@Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<TesterAnswer> {
    return this.tester.run(body, context);
  }

  @Post('tokens')
  @HttpCode(201)
  @RequireScope('tester:run')
  @Operation({
    summary: 'Make a debug token',
    description:
      'A request to any node that carries it in the header `x-torii-debug` is reported: its answer has the id of the report in `x-torii-report`. ' +
      'It is good until it expires, or until all tokens are revoked.',
    body: { contentTypes: ['application/json'], schema: DebugTokenRequest },
    answers: { 201: { description: 'The token', schema: DebugToken } },
    problems: [415],
  })
  token(@Body(JsonObjectPipe) body: JsonObject, @Context() context: RequestContext): Promise<DebugToken> {
    return this.tester.token(body, context);
  }

  @Delete('tokens')
  @HttpCode(204)
  @RequireScope('settings:write')
  @Operation({
    summary: 'Revoke all debug tokens',
    description:
      'A change of the configuration, which every node takes over as any other: with `?wait=applied` all of them have when this is answered. A node that is ' +
      'away takes tokens until it hears of it. Reports that were made are kept.',
    query: WriteQuery,
    isWrite: true,
    answers: { 204: { description: 'No token that was given out before is taken any more' } },
  })
  revoke(@Context() context: RequestContext): Promise<Answer> {
    return this.tester.revokeTokens(context);
  }

  @Get('reports/:id')
  @RequireScope('tester:run')
  @Operation({
    summary: 'Read a report',
    description: 'Of a request with a debug token; kept by the node that served it for ten minutes, or until there are too many.',
    answers: { 200: { description: 'The report', schema: Report } },
    problems: [404, 503, 504],
  })
  report(@Param('id') id: string): Promise<Report> {
    return this.tester.report(id);
  }
}

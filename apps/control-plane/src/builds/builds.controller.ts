import { Body, Controller, Get, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { Build, BuildRequest, type List, listOf } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import type { JsonObject } from '../http/merge-patch.js';
import { Context, ParsedQuery, type RequestContext } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { BuildQuery, BuildsQuery } from './build.query.js';
import { BuildLogsService } from './build-logs.service.js';
import { BuildsService } from './builds.service.js';
import { OptionalBodyPipe } from './optional-body.pipe.js';

const location = { Location: 'Address of the build' };

@Controller('api/v1')
export class BuildsController {
  constructor(
    private readonly builds: BuildsService,
    private readonly logs: BuildLogsService,
  ) {}

  @Post('functions/:function/builds')
  @RequireScope('builds:write')
  @Operation({
    summary: 'Build a function',
    description:
      'Of the sources as they are now. `dev`, the default, is replaced by each such build; a release such as `1.2.0` is made once. Builds of one function ' +
      'run one after another. A build of `dev` that asks for what the last one asks for, and has not begun, is answered as it is.',
    query: BuildQuery,
    body: { contentTypes: ['application/json'], schema: BuildRequest },
    requestHeaders: ['Idempotency-Key'],
    answers: {
      200: { description: 'With wait=finished: the build is over. Else: the same was asked for and waits', schema: Build, headers: location },
      202: { description: 'The build waits for its turn', schema: Build, headers: location },
    },
    problems: [404, 409, 413, 415],
  })
  request(
    @Param('function') reference: string,
    @Body(OptionalBodyPipe) body: JsonObject,
    @ParsedQuery() query: BuildQuery,
    @Context() context: RequestContext,
  ): Promise<Answer> {
    return this.builds.request(reference, body, query, context);
  }

  @Get('functions/:function/builds')
  @RequireScope('builds:read')
  @Operation({
    summary: 'List the builds of a function',
    query: BuildsQuery,
    answers: { 200: { description: 'A page of builds, the newest first', schema: listOf(Build) } },
    problems: [404],
  })
  listOfFunction(@Param('function') reference: string, @ParsedQuery() query: BuildsQuery): Promise<List<Build>> {
    return this.builds.list(query, reference);
  }

  @Get('builds')
  @RequireScope('builds:read')
  @Operation({
    summary: 'List builds',
    query: BuildsQuery,
    answers: { 200: { description: 'A page of builds, the newest first', schema: listOf(Build) } },
  })
  list(@ParsedQuery() query: BuildsQuery): Promise<List<Build>> {
    return this.builds.list(query);
  }

  @Get('builds/:build')
  @RequireScope('builds:read')
  @Operation({ summary: 'Read a build', answers: { 200: { description: 'The build', schema: Build } }, problems: [404] })
  get(@Param('build') id: string): Promise<Build> {
    return this.builds.get(id);
  }

  @Post('builds/:build/cancel')
  @HttpCode(200)
  @RequireScope('builds:write')
  @Operation({
    summary: 'Cancel a build',
    answers: {
      200: { description: 'The build had not begun, and is cancelled', schema: Build },
      202: { description: 'A builder works on it, and is asked to end', schema: Build },
    },
    problems: [404, 409],
  })
  cancel(@Param('build') id: string, @Context() context: RequestContext): Promise<Answer> {
    return this.builds.cancel(id, context);
  }

  @Get('builds/:build/log')
  @RequireScope('builds:read')
  @Operation({
    summary: 'Read or follow the log of a build',
    description:
      'The lines so far as text; with `Accept: text/event-stream` server-sent events named `stage`, `line` and `end`, each a JSON object, as they come. ' +
      'A stream that broke off goes on after the event in `Last-Event-ID`; 204 when there is nothing after it.',
    requestHeaders: ['Last-Event-ID'],
    answers: {
      200: { description: 'The log', contentType: 'text/plain', orAs: ['text/event-stream'] },
      204: { description: 'With Last-Event-ID: the log ended there' },
    },
    problems: [404],
  })
  log(
    @Param('build') id: string,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
  ): Promise<Answer> {
    return accept?.includes('text/event-stream') === true ? this.logs.follow(id, lastEventId) : this.logs.text(id);
  }
}

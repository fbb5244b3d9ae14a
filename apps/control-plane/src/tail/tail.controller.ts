import { Controller, Get, type StreamableFile } from '@nestjs/common';
import { RequireScope } from '../auth/require-scope.decorator.js';
import type { Answer } from '../http/answer.js';
import { ParsedQuery } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { TailQuery } from './tail.query.js';
import { TailService } from './tail.service.js';

@Controller('api/v1/tail')
export class TailController {
  constructor(private readonly tail: TailService) {}

  @Get()
  @RequireScope('traffic:read')
  @Operation({
    summary: 'Follow live requests',
    description:
      'Of all nodes, as they are answered, as server-sent events with a JSON object each. `request` has the fields of the access line. `dropped` has the ' +
      '`count` of requests that were left out since the last one, because there were more than a node or this stream takes. `state` says whether nodes are ' +
      'heard at the moment: `following` with how many of them, or `interrupted` while Redis is away. Before a stream ends for a reason of its own it says `end`.',
    query: TailQuery,
    answers: { 200: { description: 'Events, until one side closes', contentType: 'text/event-stream' } },
  })
  follow(@ParsedQuery() query: TailQuery): Answer<StreamableFile> {
    return this.tail.follow(query);
  }
}

import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError, configRevisionHeader } from '@torii/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, mergeMap, type Observable } from 'rxjs';
import { AppliedWaiter } from '../nodes/applied-waiter.js';
import { OPERATION, type OperationSpec } from '../openapi/operation.decorator.js';
import { RevisionsService } from '../snapshots/revisions.service.js';
import { Answer } from './answer.js';
import { parseQuery } from './parse-query.js';
import { NoQuery, type WriteQuery } from './query.js';
import { storageIssue } from './storable.js';

/**
 * Around every operation of the API: parses its query strictly, says which revision is the newest, writes the status
 * and headers of an `Answer`, and holds the answer of a write back until the nodes serve it, when asked to.
 */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    private readonly revisions: RevisionsService,
    private readonly applied: AppliedWaiter,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const operation = this.reflector.get<OperationSpec | undefined>(OPERATION, context.getHandler());
    if (operation === undefined) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    // No name or id holds what the database cannot.
    if (storageIssue(request.params) !== undefined) throw new AppError('client.not_found');
    request.parsedQuery = parseQuery(operation.query ?? NoQuery, request.query);
    // Read before the handler runs: an answer must not claim to be of a later revision than it is.
    void reply.header(configRevisionHeader, String((await this.revisions.current()).revision));
    return next.handle().pipe(mergeMap((result) => from(this.write(result, reply, operation, request))));
  }

  private async write(result: unknown, reply: FastifyReply, operation: OperationSpec, request: FastifyRequest): Promise<unknown> {
    if (!(result instanceof Answer)) return result;
    void reply.status(result.status).headers(result.headers);
    if (result.revision === undefined) return result.body;
    void reply.header(configRevisionHeader, String(result.revision));
    const query = request.parsedQuery as WriteQuery;
    if (operation.isWrite && query.wait === 'applied') void reply.headers(await this.applied.wait(result.revision, query));
    return result.body;
  }
}

import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import { AppError, configRevisionHeader, type ErrorCode } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER } from '../platform/tokens.js';
import { databaseError } from '../prisma/database-error.js';
import { RevisionsService } from '../snapshots/revisions.service.js';
import { sendProblem } from './send-problem.js';

/** Any error, wherever it was thrown, as problem+json. Errors of ours are logged with their cause, never shown with it. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(LOGGER) private readonly log: Logger,
    private readonly revisions: RevisionsService,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toAppError(thrown);
    if (error.owner === 'platform') this.log.error({ requestId: request.id, code: error.code, err: error.cause ?? error }, 'request failed');
    if (reply.sent) return;
    const revision = this.revisions.lastSeen;
    if (revision !== undefined && request.url.startsWith('/api/')) void reply.header(configRevisionHeader, String(revision));
    sendProblem(reply, error, request.id);
  }
}

export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const fromDatabase = databaseError(thrown);
  if (fromDatabase !== undefined) return fromDatabase;
  const status = statusOf(thrown);
  const code = status === undefined ? undefined : codesByStatus[status];
  if (code !== undefined) return new AppError(code, { cause: thrown });
  // Whatever else Fastify or Nest calls the caller's fault.
  if (status !== undefined && status >= 400 && status < 500) return new AppError('client.bad_request', { cause: thrown });
  return AppError.from(thrown);
}

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  401: 'client.unauthenticated',
  403: 'client.forbidden',
  404: 'client.not_found',
  408: 'client.request_timeout',
  413: 'client.body_too_large',
  415: 'client.unsupported_media_type',
  503: 'capacity.overloaded',
};

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') return thrown.statusCode;
  return undefined;
}

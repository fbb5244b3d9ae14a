import { type AppError, problemOf, requestIdHeader } from '@torii/contracts';
import type { FastifyReply } from 'fastify';

/** Answers with the wire form of an error (RFC 9457). */
export function sendProblem(reply: FastifyReply, error: AppError, requestId: string): void {
  void reply
    .status(error.status)
    .headers({ ...error.headers, [requestIdHeader]: requestId })
    .type('application/problem+json')
    // As text: an object would go out as application/json.
    .send(JSON.stringify(problemOf(error, requestId)));
}

import { requestIdHeader } from '@torii/contracts';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { toAppError } from './problem.filter.js';
import { requestIdOf } from './request-id.js';
import { sendProblem } from './send-problem.js';

/** A whole request, an upload of 64 MiB over a slow line included, has this long to arrive. */
const requestTimeoutMs = 300_000;
/** Headers that trickle in are cut off. */
const headersTimeoutMs = 15_000;
const keepAliveTimeoutMs = 65_000;
const headerMaxBytes = 16 * 1024;
const connectionsMax = 10_000;
/** Longer than any id or name; longer ones match no route. */
const pathPartMaxLength = 200;

/** The HTTP server with its limits. Bodies have theirs in `body-parsers.ts`. */
export function createFastify(): FastifyInstance {
  const server = fastify({
    logger: false,
    genReqId: requestIdOf,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    http: { headersTimeout: headersTimeoutMs, maxHeaderSize: headerMaxBytes, connectionsCheckingInterval: 5_000 },
    routerOptions: { maxParamLength: pathPartMaxLength },
    // A URL that cannot be decoded, or a path part that is too long, never gets as far as the error handler.
    frameworkErrors: (error, request, reply) => sendProblem(reply as unknown as FastifyReply, toAppError(error), request.id),
  });
  server.server.maxConnections = connectionsMax;
  server.addHook('onRequest', async (request, reply) => {
    void reply.header(requestIdHeader, request.id);
    void reply.header('x-content-type-options', 'nosniff');
  });
  return server;
}

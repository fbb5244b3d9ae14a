import type { Logger } from '@torii/service-kit';
import type { FastifyInstance } from 'fastify';

/** One line per request: never bodies, keys or query values. */
export function addAccessLog(fastify: FastifyInstance, log: Logger): void {
  fastify.addHook('onResponse', async (request, reply) => {
    log.info(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
        actor: request.principal?.id,
      },
      'request served',
    );
  });
}

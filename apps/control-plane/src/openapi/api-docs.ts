import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const uiDirectory = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const exampleSpec = 'https://petstore.swagger.io/v2/swagger.json';

/**
 * Serves the document at `/openapi.json`, and a page to read and try it at `/docs`; nothing of it comes from elsewhere.
 * The document is made when it is first asked for: making it takes a tenth of the time that the control plane takes to start.
 */
export async function serveApiDocs(fastify: FastifyInstance, makeDocument: () => unknown): Promise<void> {
  let json: string | undefined;
  // Relative to `/docs/`, so that the page also works behind a proxy that adds a prefix.
  const initializer = readFileSync(path.join(uiDirectory, 'swagger-initializer.js'), 'utf8').replace(exampleSpec, '../openapi.json');
  fastify.get('/openapi.json', (_request, reply) => {
    json ??= JSON.stringify(makeDocument());
    return reply.type('application/json').send(json);
  });
  fastify.get('/docs', (_request, reply) => reply.redirect('docs/'));
  fastify.get('/docs/swagger-initializer.js', (_request, reply) => reply.type('text/javascript').send(initializer));
  await fastify.register(fastifyStatic, { root: uiDirectory, prefix: '/docs/', decorateReply: false });
}

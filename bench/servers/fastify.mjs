// A route of Fastify, the version the control plane runs on.
import { createRequire } from 'node:module';
import { answerText } from '../lib/answer.mjs';

const require = createRequire(new URL('../../apps/control-plane/package.json', import.meta.url));
const app = require('fastify')();
app.get('/', (_request, reply) => reply.type('text/plain').send(answerText));
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });

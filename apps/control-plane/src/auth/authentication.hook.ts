import { AppError } from '@torii/contracts';
import type { Secret } from '@torii/service-kit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiKeysService } from '../api-keys/api-keys.service.js';
import { bearerToken, isSameSecret } from './bearer.js';
import type { Principal } from './principal.js';

export interface AuthenticationDeps {
  readonly apiKeys: ApiKeysService;
  readonly nodeToken: Secret;
}

/**
 * Finds out who asks before anything of the body is read, so that strangers cannot make us parse or store. What the
 * caller may do is for `ApiKeyGuard`. Everything under /api needs an admin key, everything under /internal the node token.
 */
export function addAuthentication(fastify: FastifyInstance, deps: AuthenticationDeps): void {
  fastify.addHook('onRequest', async (request) => {
    // By the matched route, not by the text of the URL, which may be written in more than one way; by the text only
    // where nothing matched, so that strangers cannot find out what exists.
    const path = request.routeOptions.url ?? request.url;
    if (path.startsWith('/internal/')) authenticateNode(request, deps.nodeToken);
    else if (path.startsWith('/api/')) request.principal = await authenticateKey(request, deps.apiKeys);
  });
}

function authenticateNode(request: FastifyRequest, nodeToken: Secret): void {
  const token = bearerToken(request.headers.authorization);
  if (token === undefined || !isSameSecret(token, nodeToken.reveal())) throw unauthenticated('a node token is needed');
}

async function authenticateKey(request: FastifyRequest, apiKeys: ApiKeysService): Promise<Principal> {
  const token = bearerToken(request.headers.authorization);
  if (token === undefined) throw unauthenticated('send Authorization: Bearer <admin key>');
  const principal = await apiKeys.find(token);
  if (principal === undefined) throw unauthenticated('the admin key is not known');
  return principal;
}

function unauthenticated(detail: string): AppError {
  return new AppError('client.unauthenticated', { detail, headers: { 'www-authenticate': 'Bearer' } });
}

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Scope } from '@torii/contracts';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../auth/principal.js';
import type { Preconditions } from './etag.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication hook; undefined where none is needed. */
    principal?: Principal;
    /** The query as its schema parsed it; set by the interceptor. */
    parsedQuery?: unknown;
  }
}

/** What a feature needs to know of a request besides its body. */
export interface RequestContext extends Preconditions {
  readonly requestId: string;
  /** Who asks: the id of an admin key. */
  readonly actor: string;
  /** What that key may do. */
  readonly scopes: readonly Scope[];
  readonly idempotencyKey: string | undefined;
  readonly method: string;
  readonly path: string;
}

export const Context = createParamDecorator((_: unknown, context: ExecutionContext): RequestContext => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    requestId: request.id,
    actor: request.principal?.id ?? 'anonymous',
    scopes: request.principal?.scopes ?? [],
    ifMatch: request.headers['if-match'],
    ifNoneMatch: request.headers['if-none-match'],
    idempotencyKey: singleHeader(request.headers['idempotency-key']),
    method: request.method,
    path: request.url.split('?', 1)[0] ?? request.url,
  };
});

/** The query as the operation's schema parsed it. */
export const ParsedQuery = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  return context.switchToHttp().getRequest<FastifyRequest>().parsedQuery;
});

function singleHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

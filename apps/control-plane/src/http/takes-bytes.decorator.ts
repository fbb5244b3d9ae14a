import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

interface BytesConfig {
  readonly byteTypes: readonly string[] | 'any';
}

/** The handler gets bodies of these content types as they come, in a stream, also those that are otherwise parsed. */
export const TakesBytes = (byteTypes: BytesConfig['byteTypes']): MethodDecorator => RouteConfig({ byteTypes } satisfies BytesConfig);

/** Whether the handler of a request takes its body as bytes. */
export function takesBytes(request: FastifyRequest): boolean {
  const { byteTypes } = request.routeOptions.config as Partial<BytesConfig>;
  if (byteTypes === undefined || byteTypes === 'any') return byteTypes === 'any';
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return type !== undefined && byteTypes.includes(type);
}

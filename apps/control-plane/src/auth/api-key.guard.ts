import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError } from '@torii/contracts';
import type { FastifyRequest } from 'fastify';
import { mayUse } from './principal.js';
import { type Access, REQUIRED_SCOPE } from './require-scope.decorator.js';

/** Whether the caller's key may do this; who the caller is was found out by the authentication hook. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.reflector.get<Access | undefined>(REQUIRED_SCOPE, context.getHandler()) ?? 'admin';
    if (access === 'anyone' || access === 'node') return true;
    const { principal } = context.switchToHttp().getRequest<FastifyRequest>();
    if (principal === undefined) throw new AppError('client.unauthenticated', { headers: { 'www-authenticate': 'Bearer' } });
    if (!mayUse(principal, access)) throw new AppError('client.forbidden', { detail: `the key lacks the scope ${access}` });
    return true;
  }
}

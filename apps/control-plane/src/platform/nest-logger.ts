import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@torii/service-kit';

/** Nest's own messages in our log; its start-up chatter only at debug level. */
export class NestLogger implements LoggerService {
  constructor(private readonly out: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.out.debug({ nest: { message, rest } }, 'nest message');
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.out.debug({ nest: { message, rest } }, 'nest message');
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.out.trace({ nest: { message, rest } }, 'nest message');
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.out.warn({ nest: { message, rest } }, 'nest warning');
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.out.error({ nest: { message, rest } }, 'nest error');
  }
}

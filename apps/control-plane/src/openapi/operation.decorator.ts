import { SetMetadata } from '@nestjs/common';
import type { z } from 'zod';

export const OPERATION = Symbol('Operation');

export interface AnswerSpec {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** `application/json` unless told otherwise. */
  readonly contentType?: string;
  /** Other content types the same may have, as bytes. */
  readonly orAs?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

interface BodySpec {
  readonly contentTypes: readonly string[];
  /** What JSON has to look like; left out for bytes, which any other content type is. */
  readonly schema?: z.ZodType;
}

/** An operation of the API: what the interceptor enforces and the OpenAPI document says. */
export interface OperationSpec {
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  readonly body?: BodySpec;
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** Statuses of problem+json besides those every operation may answer. */
  readonly problems?: readonly number[];
  /** Changes the configuration: takes `?wait=applied`. */
  readonly isWrite?: boolean;
  /** Request headers it understands. */
  readonly requestHeaders?: readonly ('If-Match' | 'If-None-Match' | 'Idempotency-Key' | 'Last-Event-ID')[];
}

export const Operation = (spec: OperationSpec): MethodDecorator => SetMetadata(OPERATION, spec);

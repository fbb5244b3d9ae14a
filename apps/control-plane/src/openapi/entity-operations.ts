import type { z } from 'zod';
import { WriteQuery } from '../http/query.js';
import type { OperationSpec } from './operation.decorator.js';

export interface EntityDocs {
  readonly noun: string;
  /** What every write of it does besides. */
  readonly onWrite?: string;
  /** What callers write. */
  readonly spec: z.ZodObject;
  /** What they are answered. */
  readonly entity: z.ZodObject;
}

const etag = { ETag: 'Of the entity, for If-Match' };
const json = ['application/json'] as const;

export function createOperation({ noun, spec, entity, onWrite = '' }: EntityDocs): OperationSpec {
  return {
    summary: `Create a ${noun}`,
    description: onWrite,
    query: WriteQuery,
    body: { contentTypes: json, schema: spec },
    isWrite: true,
    requestHeaders: ['Idempotency-Key'],
    answers: { 201: { description: `The ${noun}`, schema: entity, headers: { ...etag, Location: `Address of the ${noun}` } } },
    problems: [409, 413, 415, 422],
  };
}

export function readOperation({ noun, entity }: EntityDocs): OperationSpec {
  return {
    summary: `Read a ${noun} by name or id`,
    requestHeaders: ['If-None-Match'],
    answers: { 200: { description: `The ${noun}`, schema: entity, headers: etag }, 304: { description: 'It is as If-None-Match says' } },
    problems: [404],
  };
}

export function putOperation({ noun, spec, entity, onWrite = '' }: EntityDocs): OperationSpec {
  return {
    summary: `Create or replace a ${noun}`,
    description: `By name or id. Fields left out take their defaults. The name may be left out, and another name renames the ${noun}. An id must exist. ${onWrite}`,
    query: WriteQuery,
    body: { contentTypes: json, schema: spec.partial({ name: true }) },
    isWrite: true,
    requestHeaders: ['If-Match', 'If-None-Match'],
    answers: {
      200: { description: `The ${noun} was there and is replaced`, schema: entity, headers: etag },
      201: { description: `The ${noun} is new`, schema: entity, headers: { ...etag, Location: `Address of the ${noun}` } },
    },
    problems: [404, 409, 412, 413, 415, 422],
  };
}

export function patchOperation({ noun, spec, entity, onWrite = '' }: EntityDocs): OperationSpec {
  return {
    summary: `Change a ${noun}`,
    description: `A JSON merge patch (RFC 7396): null takes a field back to its default. ${onWrite}`,
    query: WriteQuery,
    body: { contentTypes: ['application/merge-patch+json', ...json], schema: spec.partial() },
    isWrite: true,
    requestHeaders: ['If-Match'],
    answers: { 200: { description: `The ${noun} as changed`, schema: entity, headers: etag } },
    problems: [404, 409, 412, 413, 415, 422],
  };
}

export function deleteOperation({ noun }: EntityDocs): OperationSpec {
  return {
    summary: `Delete a ${noun}`,
    query: WriteQuery,
    isWrite: true,
    requestHeaders: ['If-Match'],
    answers: { 204: { description: 'It is gone' } },
    problems: [404, 409, 412],
  };
}

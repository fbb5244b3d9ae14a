import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import {
  Artifact,
  adminApiLimits,
  Build,
  configRevisionHeader,
  errorTable,
  FunctionEntity,
  FunctionRun,
  FunctionVersion,
  Language,
  Node,
  Plugin,
  Route,
  requestIdHeader,
  Template,
} from '@torii/contracts';
import { z } from 'zod';
import { type Access, REQUIRED_SCOPE } from '../auth/require-scope.decorator.js';
import { type AnswerSpec, OPERATION, type OperationSpec } from './operation.decorator.js';
import { problemSchema } from './problem.schema.js';

type Json = Record<string, unknown>;

const bytes: Json = { type: 'string', format: 'binary' };

/** Schemas with a name of their own in the document. */
const namedSchemas: Readonly<Record<string, z.ZodType>> = {
  Plugin,
  Route,
  Artifact,
  Node,
  Function: FunctionEntity,
  FunctionVersion,
  Build,
  Language,
  Template,
  FunctionRun,
};

const everyAnswerHeaders = {
  [configRevisionHeader]: 'The newest revision of the configuration; on a write the one it made',
  [requestIdHeader]: 'Id of this request, the one that was sent where it was sent',
};
const waitHeaders = {
  'x-config-applied': 'With wait=applied: how many live nodes serve the revision, such as 2/2; `0/0; unknown` when Redis is away',
  'x-config-pending': 'With wait=applied: the nodes that do not serve it yet, at most 20',
  'x-config-rejected': 'With wait=applied: the nodes that refuse it, each with `;code=`, at most 20',
};
const requestHeaderDocs: Readonly<Record<string, string>> = {
  'If-Match': 'Only when the entity still has this ETag; else 412',
  'If-None-Match': 'On a read: 304 when it still has this ETag. On a PUT: `*` only creates, else 412',
  'Last-Event-ID': 'The id of the last event that the caller has: the stream goes on after it',
  'Idempotency-Key': 'The same request with the same key is done once, for 24 hours; another request with it is 409',
};

/** The OpenAPI 3.1 document, made from the controllers themselves. */
export function openApiDocument(controllers: readonly Type[]): Json {
  const paths: Record<string, Json> = {};
  for (const controller of controllers) {
    for (const { path, method, operation, access, id } of operationsOf(controller)) {
      paths[path] = { ...paths[path], [method]: describe(path, operation, access, id) };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Torii admin API',
      version: '1',
      description: [
        'Names match `^[a-z0-9][a-z0-9-]{0,62}$` and may stand wherever an id may.',
        'What cannot be parsed is 400, what is not valid is 422 with a JSON pointer for each problem; unknown fields are problems.',
        `JSON bodies may have ${adminApiLimits.jsonBodyMaxBytes} bytes.`,
      ].join(' '),
    },
    security: [{ adminKey: [] }],
    paths,
    components: {
      securitySchemes: { adminKey: { type: 'http', scheme: 'bearer', description: 'An admin key' } },
      schemas: {
        ...Object.fromEntries(Object.entries(namedSchemas).map(([name, schema]) => [name, jsonSchema(schema, 'output')])),
        Problem: problemSchema,
      },
    },
  };
}

interface FoundOperation {
  readonly path: string;
  readonly method: string;
  readonly operation: OperationSpec;
  readonly access: Access;
  readonly id: string;
}

function operationsOf(controller: Type): FoundOperation[] {
  const base = String(Reflect.getMetadata(PATH_METADATA, controller));
  const prototype: object = controller.prototype;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler: unknown = Reflect.get(prototype, name);
    if (typeof handler !== 'function') return [];
    const operation: OperationSpec | undefined = Reflect.getMetadata(OPERATION, handler);
    if (operation === undefined) return [];
    const path = [base, String(Reflect.getMetadata(PATH_METADATA, handler))].map(trimSlashes).filter(Boolean).join('/');
    const method = RequestMethod[Number(Reflect.getMetadata(METHOD_METADATA, handler))]?.toLowerCase() ?? 'get';
    const access: Access = Reflect.getMetadata(REQUIRED_SCOPE, handler) ?? 'admin';
    const id = `${name}${controller.name.replace(/Controller$/, '')}`;
    return [{ path: `/${path}`.replace(/:([A-Za-z0-9]+)/g, '{$1}').replace('*', '{path}'), method, operation, access, id }];
  });
}

function describe(path: string, operation: OperationSpec, access: Access, operationId: string): Json {
  const problems = [...new Set([400, 401, 403, ...(operation.problems ?? []), 422, 500, 503])].sort();
  return {
    operationId,
    tags: [path.split('/')[3] ?? 'api'],
    summary: operation.summary,
    description: [operation.description, `Needs the scope \`${access}\`.`].filter((part) => part !== undefined && part !== '').join('\n\n'),
    parameters: [...pathParameters(path), ...headerParameters(operation), ...queryParameters(operation)],
    ...(operation.body === undefined ? {} : { requestBody: requestBody(operation.body) }),
    responses: {
      ...Object.fromEntries(Object.entries(operation.answers).map(([status, answer]) => [status, response(answer, operation)])),
      ...Object.fromEntries(problems.map((status) => [String(status), problemResponse(status)])),
    },
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
}

function headerParameters(operation: OperationSpec): Json[] {
  return (operation.requestHeaders ?? []).map((name) => ({ name, in: 'header', schema: { type: 'string' }, description: requestHeaderDocs[name] }));
}

function queryParameters(operation: OperationSpec): Json[] {
  return Object.entries(operation.query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...shape } = jsonSchema(schema as z.ZodType, 'input');
    return { name, in: 'query', schema: shape, ...(description === undefined ? {} : { description }) };
  });
}

function requestBody(body: NonNullable<OperationSpec['body']>): Json {
  const json = body.schema === undefined ? bytes : jsonSchema(body.schema, 'input');
  return { required: true, content: Object.fromEntries(body.contentTypes.map((type) => [type, { schema: type.endsWith('json') ? json : bytes }])) };
}

function response(answer: AnswerSpec, operation: OperationSpec): Json {
  const headers = { ...everyAnswerHeaders, ...(operation.isWrite ? waitHeaders : {}), ...answer.headers };
  const schema = answer.schema === undefined ? bytes : outputSchema(answer.schema);
  const others = (answer.orAs ?? []).map((type) => [type, { schema: bytes }]);
  const hasBody = answer.schema !== undefined || answer.contentType !== undefined;
  return {
    description: answer.description,
    headers: Object.fromEntries(Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }])),
    ...(hasBody ? { content: { [answer.contentType ?? 'application/json']: { schema }, ...Object.fromEntries(others) } } : {}),
  };
}

function problemResponse(status: number): Json {
  const codes = Object.entries(errorTable).filter(([code, entry]) => entry.status === status && /^(client|capacity|platform)\./.test(code));
  return {
    description: codes.map(([code, entry]) => `\`${code}\`: ${entry.title}`).join('. '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function outputSchema(schema: z.ZodType): Json {
  const named = nameOf(schema);
  if (named !== undefined) return { $ref: `#/components/schemas/${named}` };
  // A list envelope: its items by name where they have one.
  const items = schema instanceof z.ZodObject ? schema.shape.items : undefined;
  const element = items instanceof z.ZodArray && items.element instanceof z.ZodType ? nameOf(items.element) : undefined;
  const whole = jsonSchema(schema, 'output');
  if (element === undefined) return whole;
  return { ...whole, properties: { ...(whole.properties as Json), items: { type: 'array', items: { $ref: `#/components/schemas/${element}` } } } };
}

function nameOf(schema: z.ZodType): string | undefined {
  return Object.keys(namedSchemas).find((name) => namedSchemas[name] === schema);
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  // A transform has no JSON schema of its output; what goes in is the shape that matters to callers.
  const { $schema: _, $defs: _defs, ...shape } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any', reused: 'inline' });
  // Only `z.json()` refers to itself: it is any value, and its definition would not be where the reference looks for it.
  return JSON.parse(JSON.stringify(shape), (_key, value: unknown) => (isReference(value) ? {} : value));
}

function isReference(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$ref' in value;
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

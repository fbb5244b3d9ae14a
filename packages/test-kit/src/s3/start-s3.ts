import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type S3Key, signatureError } from './check-signature.js';

/** A bucket to test with. */
export interface TestS3 {
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: S3Key;
  close(): Promise<void>;
}

const bucket = 'torii-test';
const key: S3Key = { accessKeyId: 'AKIATORIITEST', secretAccessKey: 'not-a-secret/but+signed=with' };
/** Larger than any object that is stored. */
const objectMaxBytes = 128 * 1024 * 1024;
const statusOf: Readonly<Record<string, number>> = { NoSuchKey: 404, NoSuchBucket: 404, XAmzContentSHA256Mismatch: 400, EntityTooLarge: 400 };

/**
 * The part of S3 that objects need, with one bucket, in memory, over a socket: put, get, head and delete by path-style
 * addresses. It checks every signature and the hash of every body, as S3 does, and refuses whatever else it is asked.
 *
 * Where `TORII_TEST_S3_ENDPOINT` and the variables beside it name a server and a bucket, tests use those instead.
 */
export async function startS3(): Promise<TestS3> {
  const named = namedS3(process.env);
  if (named !== undefined) return named;
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    void answer(request, response, objects).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    key,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function namedS3(env: NodeJS.ProcessEnv): TestS3 | undefined {
  const { TORII_TEST_S3_ENDPOINT: endpoint, TORII_TEST_S3_BUCKET: name, TORII_TEST_S3_ACCESS_KEY_ID: accessKeyId } = env;
  const secretAccessKey = env.TORII_TEST_S3_SECRET_ACCESS_KEY;
  if (endpoint === undefined || name === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { endpoint, bucket: name, key: { accessKeyId, secretAccessKey }, close: async () => undefined };
}

async function answer(request: IncomingMessage, response: ServerResponse, objects: Map<string, Buffer>): Promise<void> {
  const refused = signatureError(request, key, new Date());
  if (refused !== undefined) return refuse(request, response, refused, 403);
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const [, inBucket, ...rest] = path.split('/');
  const name = decodeURIComponent(rest.join('/'));
  if (inBucket !== bucket) return refuse(request, response, 'NoSuchBucket');
  if (name === '' || [...new URLSearchParams(query).keys()].some((parameter) => parameter !== 'x-id'))
    return refuse(request, response, 'NotImplemented', 501);
  const object = objects.get(name);
  switch (request.method) {
    case 'PUT': {
      const body = await bodyOf(request);
      if (body === undefined) return refuse(request, response, 'EntityTooLarge');
      const announced = String(request.headers['x-amz-content-sha256']);
      const isSigned = announced !== 'UNSIGNED-PAYLOAD';
      if (isSigned && createHash('sha256').update(body).digest('hex') !== announced) return refuse(request, response, 'XAmzContentSHA256Mismatch');
      objects.set(name, body);
      response.writeHead(200).end();
      return;
    }
    case 'GET':
    case 'HEAD':
      if (object === undefined) return refuse(request, response, 'NoSuchKey');
      response.writeHead(200, { 'content-length': object.length, 'content-type': 'application/octet-stream' }).end(object);
      return;
    case 'DELETE':
      objects.delete(name);
      response.writeHead(204).end();
      return;
    default:
      return refuse(request, response, 'MethodNotAllowed', 405);
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > objectMaxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refuse(request: IncomingMessage, response: ServerResponse, code: string, status = statusOf[code] ?? 400): void {
  request.resume();
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

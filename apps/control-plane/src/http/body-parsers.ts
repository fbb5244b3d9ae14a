import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { AppError, adminApiLimits } from '@torii/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { takesBytes } from './takes-bytes.decorator.js';

/** How long a client whose body is refused may go on sending before its connection is cut. */
const lingerMs = 2_000;

/**
 * A body that was refused while it was read. The pipe of the handler throws it: were the parser to fail, Fastify would
 * close the connection at once, and a client that is still sending would see a reset instead of our answer.
 */
export class RefusedBody {
  constructor(readonly error: AppError) {}
}

/** JSON as values, Wasm as the stream itself, and so whatever a handler takes as bytes; any other content type is 415. */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(['application/json', 'application/merge-patch+json'], async (request: FastifyRequest, payload: IncomingMessage) => {
    if (takesBytes(request)) return payload;
    try {
      return await readJson(payload);
    } catch (error) {
      return new RefusedBody(AppError.from(error));
    }
  });
  fastify.addContentTypeParser(['application/wasm', 'application/octet-stream'], (_request, payload, done) => done(null, payload));
  fastify.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    if (takesBytes(request)) return payload;
    drain(payload);
    return new RefusedBody(new AppError('client.unsupported_media_type'));
  });
}

/** Reads and drops what a client still sends after it was refused, but not for long. */
export function drain(request: Readable): void {
  if (request.readableEnded || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), lingerMs); // of a request this is its connection
  timer.unref();
  request.once('end', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
  request.resume();
}

async function readJson(payload: IncomingMessage): Promise<unknown> {
  const maxBytes = adminApiLimits.jsonBodyMaxBytes;
  const tooLarge = (): AppError => new AppError('client.body_too_large', { detail: `a JSON body may have ${maxBytes} bytes` });
  if (Number(payload.headers['content-length'] ?? 0) > maxBytes) {
    drain(payload);
    throw tooLarge();
  }
  const chunks: Buffer[] = [];
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    payload.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      payload.removeAllListeners('data');
      drain(payload);
      reject(tooLarge());
    });
    payload.once('end', resolve);
    payload.once('error', reject);
    payload.once('aborted', () => reject(new AppError('client.gone')));
  });
  return parseJsonBody(Buffer.concat(chunks, size));
}

/** Undefined for an empty body. Throws `client.bad_request` that says where the JSON ends to make sense, not what is there. */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch (cause) {
    throw new AppError('client.bad_request', { detail: 'the body is not UTF-8', cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : '';
    const at = /position (\d+) \(line (\d+) column (\d+)\)/.exec(message);
    const where = at === null ? (message.includes('end of JSON') ? ': it ends too early' : '') : `: line ${at[2]}, column ${at[3]}`;
    throw new AppError('client.bad_request', { detail: `the body is not JSON${where}`, cause });
  }
}

import type { Readable } from 'node:stream';
import { AppError } from '@torii/contracts';
import { drain } from './body-parsers.js';

/**
 * All of a body, when it has no more than `maxBytes`. Throws `client.body_too_large` saying what may have so many, once
 * there are more; the rest is drained, so that the answer arrives. Throws `client.gone` when the client goes away.
 */
export async function readBytes(body: Readable, limit: { readonly maxBytes: number; readonly what: string }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // A request that is destroyed with bytes still to come blocks its connection for good.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > limit.maxBytes) throw new AppError('client.body_too_large', { detail: `${limit.what} may have ${limit.maxBytes} bytes` });
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    drain(body);
    throw error instanceof AppError ? error : new AppError('client.gone', { cause: error });
  }
  return Buffer.concat(chunks, size);
}

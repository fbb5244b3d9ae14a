import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@torii/contracts';
import type { Deadline } from '@torii/service-kit';

const noBody = new Uint8Array(0);

/**
 * Reads the whole body, up to `maxBytes`.
 *
 * Throws `client.body_too_large` at once when the announced or the received length is more,
 * `client.request_timeout` when it does not arrive by the deadline, `client.gone` when the client leaves.
 */
export async function readBody(req: IncomingMessage, res: ServerResponse, maxBytes: number, deadline: Deadline): Promise<Uint8Array> {
  const announced = req.headers['content-length'];
  if (announced === undefined && req.headers['transfer-encoding'] === undefined) return noBody;
  if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge(maxBytes);
  if (announced === '0') return noBody;
  // HTTP/1.0 has no interim answers (RFC 9110 section 10.1.1).
  if (req.headers.expect !== undefined && req.httpVersion !== '1.0') res.writeContinue();
  return collect(req, maxBytes, deadline);
}

function collect(req: IncomingMessage, maxBytes: number, deadline: Deadline): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => settle(() => reject(new AppError('client.request_timeout'))), deadline.remainingMs());
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) settle(() => reject(tooLarge(maxBytes)));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size)));
    const onClose = (): void => settle(() => reject(new AppError('client.gone')));
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      outcome();
    };
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('client.body_too_large', { detail: `this route takes up to ${maxBytes} bytes` });
}

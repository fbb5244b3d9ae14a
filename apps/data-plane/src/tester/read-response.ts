import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { type TesterAnswer, testerLimits } from '@torii/contracts';

type AnsweredResponse = NonNullable<TesterAnswer['response']>;

const { responseBodyMaxBytes, responseReadMaxBytes } = testerLimits;

/**
 * Reads a response: its first bytes are kept, more are counted, and what goes on for longer is broken off. Resolves with
 * what there is when the other side breaks it off; `signal` ends it too.
 */
export function readResponse(response: IncomingMessage, signal: AbortSignal): Promise<AnsweredResponse> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let [bytes, keptBytes] = [0, 0];
    let isWhole = false;
    const end = (): void => {
      signal.removeEventListener('abort', end);
      response.destroy();
      const body = Buffer.concat(chunks, keptBytes);
      const isCut = !isWhole || bytes > keptBytes;
      // Cut within a character, a text is still a text.
      const text = isCut ? upToCharacter(body) : body;
      resolve({
        status: response.statusCode ?? 0,
        headers: headersOf(response.rawHeaders),
        ...(isUtf8(text) ? { body: text.toString() } : { body_base64: body.toString('base64') }),
        bytes,
        truncated: isCut,
      });
    };
    signal.addEventListener('abort', end);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      const kept = chunk.subarray(0, responseBodyMaxBytes - keptBytes);
      keptBytes += kept.length;
      if (kept.length > 0) chunks.push(kept);
      if (bytes > responseReadMaxBytes) end();
    });
    response.once('end', () => {
      isWhole = true;
    });
    response.once('error', () => undefined); // it closes next
    response.once('close', end);
  });
}

/** Without the last bytes when they may be the beginning of a character (RFC 3629 section 3). */
function upToCharacter(body: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, body.length); back += 1) {
    const byte = body[body.length - back] ?? 0;
    if (byte >= 0xc0) return body.subarray(0, -back);
    if (byte < 0x80) return body;
  }
  return body;
}

/** Lower-case names; a list for a header that came several times. */
function headersOf(rawHeaders: readonly string[]): AnsweredResponse['headers'] {
  const headers = new Map<string, string | string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const known = headers.get(name);
    headers.set(name, known === undefined ? value : [known, value].flat());
  }
  return Object.fromEntries(headers);
}

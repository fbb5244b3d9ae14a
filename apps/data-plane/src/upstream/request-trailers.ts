import type { Socket } from 'node:net';
import { connectionOptions } from './hop-headers.js';

/** What undici writes when a body of unknown length has ended. Bytes of bodies come as buffers, never as this text. */
const lastChunk = '\r\n0\r\n\r\n';

/**
 * Fields that must not come after a body (RFC 9110 section 6.5.1: of framing, routing, conditions, authentication and content), or that
 * say who sends the request, which is ours to say.
 */
const notAfterBody =
  /^(authorization|cache-control|connection|content-.*|cookie2?|expect|forwarded|host|http2-settings|if-.*|keep-alive|max-forwards|pragma|proxy-.*|range|set-cookie2?|te|trailer|transfer-encoding|upgrade|x-forwarded-.*|x-real-ip|x-request-id|x-torii-.*)$/;

/**
 * Those trailers that go on to a target with the headers `sent`, name and value in turn; what `Connection` lists (section 7.6.1) goes no
 * further in them either. Nor does what is a header already: it may be a plugin that has set it, such as to say who the client is, and
 * some targets take trailers for headers.
 */
export function outgoingTrailers(trailers: readonly string[], rawHeaders: readonly string[], sent: readonly string[]): string[] {
  let named: ReadonlySet<string> | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'connection') named = connectionOptions(rawHeaders[index + 1] ?? '', named);
  }
  const said = new Set<string>();
  for (let index = 0; index < sent.length; index += 2) said.add((sent[index] ?? '').toLowerCase());
  const kept: string[] = [];
  for (let index = 0; index + 1 < trailers.length; index += 2) {
    const name = trailers[index] ?? '';
    const lower = name.toLowerCase();
    if (notAfterBody.test(lower) || said.has(lower) || named?.has(lower) === true) continue;
    kept.push(name, trailers[index + 1] ?? '');
  }
  return kept;
}

/**
 * Has the trailers written behind the last chunk of the body that is being sent: undici has no way to say them (`client-h1.js`,
 * `AsyncWriter.end`). Where no chunk was sent there is no last one, and they are dropped. Answers what ends it, which is to be called
 * when the request is over.
 */
export function writeTrailers(socket: Socket, trailers: readonly string[]): () => void {
  const write = socket.write;
  const end = (): void => {
    socket.write = write;
  };
  const lines = trailers.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`));
  socket.write = (...args: unknown[]): boolean => {
    if (args[0] !== lastChunk) return Reflect.apply(write, socket, args);
    end();
    return write.call(socket, `${lastChunk.slice(0, -2)}${lines.join('')}\r\n`, 'latin1');
  };
  return end;
}

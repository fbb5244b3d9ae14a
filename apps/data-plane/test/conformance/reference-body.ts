import { type Field, readFields, textPattern } from './fields.js';

export interface Body {
  readonly kind: 'body';
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Where the bytes after the message begin. */
  readonly end: number;
}

export type BodyOutcome = Body | { readonly kind: 'incomplete'; readonly body: string } | { readonly kind: 'broken'; readonly why: string };

/** More digits than a safe integer has. */
const sizePattern = /^0*([0-9A-Fa-f]{1,13})(;.*)?$/;
const sizeLineMaxChars = 20_000;

/** Reads a body in the chunked coding, strictly by the grammar of RFC 9112 section 7.1 without white space about the size. */
export function readChunked(text: string, start: number): BodyOutcome {
  let body = '';
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return text.length - at > sizeLineMaxChars ? broken('a chunk size line without end') : { kind: 'incomplete', body };
    const line = text.slice(at, lineEnd);
    const [, digits] = sizePattern.exec(line) ?? [];
    if (digits === undefined || !textPattern.test(line)) return broken('a chunk size that is none');
    const size = Number.parseInt(digits, 16);
    at = lineEnd + 2;
    if (size === 0) return readTrailers(text, at, body);
    if (text.length < at + size + 2) {
      const tail = text.slice(at + size);
      return tail === '' || tail === '\r' ? { kind: 'incomplete', body: body + text.slice(at, at + size) } : broken('no CRLF after a chunk');
    }
    if (text.slice(at + size, at + size + 2) !== '\r\n') return broken('no CRLF after a chunk');
    body += text.slice(at, at + size);
    at += size + 2;
  }
}

export function readLength(text: string, start: number, length: number): BodyOutcome {
  const body = text.slice(start, start + length);
  return body.length < length ? { kind: 'incomplete', body } : { kind: 'body', body, trailers: [], end: start + length };
}

function readTrailers(text: string, start: number, body: string): BodyOutcome {
  const trailers = readFields(text, start);
  if (trailers === undefined) return { kind: 'incomplete', body };
  return typeof trailers === 'string' ? broken(trailers) : { kind: 'body', body, trailers: trailers.fields, end: trailers.end };
}

function broken(why: string): BodyOutcome {
  return { kind: 'broken', why };
}

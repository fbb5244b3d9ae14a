import { type Field, listOf, readFields, tokenPattern, valuesOf } from './fields.js';
import { type BodyOutcome, readChunked, readLength } from './reference-body.js';

export interface ReferenceRequest {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly fields: readonly Field[];
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Whether the connection ends with its answer: what comes after it is nothing. */
  readonly isLast: boolean;
}

/**
 * What a strict server makes of the bytes that begin at some place: a request; one that must not be served, though it is clear where it
 * ends; nothing yet; or bytes of which it cannot be known where a request ends, after which nothing may be taken for one.
 */
export type RequestOutcome =
  | { readonly kind: 'request'; readonly request: ReferenceRequest; readonly end: number }
  | { readonly kind: 'unacceptable'; readonly why: string; readonly isLast: boolean; readonly end: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'broken'; readonly why: string };

/** Words between spaces, as RFC 9112 section 3 lets a recipient read a request line; the version is compared to the letter. */
const requestLinePattern = /^(\S+) +(\S+) +HTTP\/1\.([01])$/;
const targetPattern = /^[\x21-\x7e]+$/;
/** Empty lines before a request line may be ignored (RFC 9112 section 2.2). */
const emptyLines = /[\r\n]*/y;

/** Reads one request. `text` has one character for each byte. */
export function readRequest(text: string, from: number): RequestOutcome {
  emptyLines.lastIndex = from;
  const start = from + (emptyLines.exec(text)?.[0].length ?? 0);
  const lineEnd = text.indexOf('\r\n', start);
  if (lineEnd === -1) return { kind: 'incomplete' };
  const [, method = '', target = '', minor] = requestLinePattern.exec(text.slice(start, lineEnd)) ?? [];
  if (minor === undefined || !tokenPattern.test(method) || !targetPattern.test(target)) return broken('a request line that is none');
  const head = readFields(text, lineEnd + 2);
  if (head === undefined) return { kind: 'incomplete' };
  if (typeof head === 'string') return broken(head);
  const { fields } = head;
  const version = minor === '0' ? '1.0' : '1.1';
  const outcome = bodyOf(text, head.end, fields, version);
  if (outcome.kind !== 'body') return outcome.kind === 'broken' ? outcome : { kind: 'incomplete' };
  const { body, trailers, end } = outcome;
  const isLast = isLastOf(fields, version);
  const why = faultOf(method, target, fields, version);
  if (why !== undefined) return { kind: 'unacceptable', why, isLast, end };
  return { kind: 'request', request: { method, target, version, fields, body, trailers, isLast }, end };
}

export interface ReferenceStream {
  readonly requests: readonly ReferenceRequest[];
  /** Whether every byte belongs to one of them. */
  readonly isClean: boolean;
}

/** Reads requests up to the first place after which nothing may be taken for one. */
export function readRequests(text: string): ReferenceStream {
  const requests: ReferenceRequest[] = [];
  let isClean = true;
  for (let at = 0; at < text.length; ) {
    const outcome = readRequest(text, at);
    if (outcome.kind === 'broken' || outcome.kind === 'incomplete') return { requests, isClean: false };
    at = outcome.end;
    if (outcome.kind === 'request') requests.push(outcome.request);
    else isClean = false;
    if (outcome.kind === 'request' ? outcome.request.isLast : outcome.isLast) return { requests, isClean: isClean && at === text.length };
  }
  return { requests, isClean };
}

/** RFC 9112 section 6.3, by which whatever leaves the length open is refused rather than mended. */
function bodyOf(text: string, start: number, fields: readonly Field[], version: '1.0' | '1.1'): BodyOutcome {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length > 0) {
    if (version === '1.0') return { kind: 'broken', why: 'Transfer-Encoding in HTTP/1.0' };
    if (lengths.length > 0) return { kind: 'broken', why: 'both Transfer-Encoding and Content-Length' };
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') return { kind: 'broken', why: 'a Transfer-Encoding that is not chunked' };
    return readChunked(text, start);
  }
  if (lengths.length === 0) return readLength(text, start, 0);
  const length = lengths.length === 1 && /^\d+$/.test(lengths[0] ?? '') ? Number(lengths[0]) : Number.NaN;
  return Number.isSafeInteger(length) ? readLength(text, start, length) : { kind: 'broken', why: 'a Content-Length that is none, or several' };
}

/** RFC 9112 section 3.2. */
function faultOf(method: string, target: string, fields: readonly Field[], version: '1.0' | '1.1'): string | undefined {
  const hosts = valuesOf(fields, 'host');
  if (hosts.length > 1) return 'several Host fields';
  if (hosts.length === 0 && version === '1.1') return 'no Host field';
  if (/[/@?#\\ ]/.test(hosts[0] ?? '')) return 'a Host that is none';
  if (method === 'CONNECT') return 'CONNECT is for proxies';
  if (!/^(\/|https?:\/\/)/i.test(target)) return 'a target that is neither a path nor a URL';
  return target.includes('#') ? 'a fragment in the target' : undefined;
}

/** RFC 9112 section 9.3. */
function isLastOf(fields: readonly Field[], version: '1.0' | '1.1'): boolean {
  const options = listOf(fields, 'connection');
  return options.includes('close') || (version === '1.0' && !options.includes('keep-alive'));
}

function broken(why: string): RequestOutcome {
  return { kind: 'broken', why };
}

import { type Field, readFields, valuesOf } from './fields.js';
import { type BodyOutcome, readChunked, readLength } from './reference-body.js';

export interface ReferenceResponse {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Whether all of the body is there, as far as its framing tells. */
  readonly isComplete: boolean;
}

const statusLinePattern = /^HTTP\/1\.1 (\d{3}) [\t\x20-\x7e]*$/;

/**
 * Reads the answers to requests with these methods, interim ones too, as a strict client does. `isClosed` says that no more bytes will
 * come, which is what ends a body without a length. Throws when the bytes are no answers, or when any are left over.
 */
export function readResponses(text: string, methods: readonly string[], isClosed: boolean): ReferenceResponse[] {
  const responses: ReferenceResponse[] = [];
  let answered = 0;
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf('\r\n', at);
    const [, digits] = statusLinePattern.exec(text.slice(at, lineEnd)) ?? [];
    const head = readFields(text, lineEnd + 2);
    if (digits === undefined || typeof head !== 'object')
      throw new Error(`no answer begins at byte ${at}: ${JSON.stringify(text.slice(at, at + 200))}`);
    const status = Number(digits);
    const method = methods[answered] ?? 'GET';
    const outcome = bodyOf(text, head, { status, method, isClosed });
    if (outcome.kind === 'broken') throw new Error(`the body of answer ${responses.length} is broken: ${outcome.why}`);
    const isComplete = outcome.kind === 'body';
    responses.push({ status, fields: head.fields, body: outcome.body, trailers: isComplete ? outcome.trailers : [], isComplete });
    if (!isComplete) return responses;
    if (status >= 200 || status === 101) answered += 1;
    at = outcome.end;
  }
  return responses;
}

interface Circumstances {
  readonly status: number;
  readonly method: string;
  readonly isClosed: boolean;
}

/** RFC 9112 section 6.3. */
function bodyOf(text: string, head: { fields: readonly Field[]; end: number }, { status, method, isClosed }: Circumstances): BodyOutcome {
  const lengths = valuesOf(head.fields, 'content-length');
  const codings = valuesOf(head.fields, 'transfer-encoding');
  if (lengths.length > 1 || (lengths.length > 0 && codings.length > 0)) return { kind: 'broken', why: 'its length is told twice' };
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return readLength(text, head.end, 0);
  if (codings.length > 0) return readChunked(text, head.end);
  if (lengths.length > 0) return readLength(text, head.end, Number(lengths[0]));
  const body = text.slice(head.end);
  return isClosed ? readLength(text, head.end, body.length) : { kind: 'incomplete', body };
}

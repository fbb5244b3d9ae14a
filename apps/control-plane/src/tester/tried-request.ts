import { AppError, debugHeader, type FieldIssue, type TestedRequest, type Trial, testerLimits } from '@torii/contracts';
import { invalid } from '../http/invalid.js';
import { jsonPointer } from '../http/json-pointer.js';

/** Of the connection or the message's framing, or said in another field. */
const reserved: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  debugHeader,
]);
/** Characters that a request line may hold (RFC 9112 section 3.2). */
const targetPattern = /^\/[\x21-\x7e]*$/;
const hostPattern = /^(\[[0-9a-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(:\d*)?$/i;

type Wire = Pick<Trial, 'method' | 'target' | 'rawHeaders' | 'bodyBase64'>;

/** The request as it goes over the wire. Throws `client.invalid` with every problem, `client.body_too_large`. */
export function triedRequest(request: TestedRequest): Wire {
  const issues: FieldIssue[] = [];
  const { host, target } = placeOf(request, issues);
  const rawHeaders = ['Host', host];
  for (const [name, values] of Object.entries(request.headers)) {
    if (reserved.has(name.toLowerCase())) issues.push({ pointer: jsonPointer(['request', 'headers', name]), detail: reservedDetail(name) });
    for (const value of [values].flat()) rawHeaders.push(name, value);
  }
  if (request.cookies.length > 0) {
    if (Object.keys(request.headers).some((name) => name.toLowerCase() === 'cookie'))
      issues.push({ pointer: '/request/cookies', detail: 'give them here or in the header cookie, not both' });
    rawHeaders.push('Cookie', request.cookies.map(({ name, value }) => `${name}=${value}`).join('; '));
  }
  const body = bodyOf(request, issues);
  if (body !== undefined) rawHeaders.push('Content-Length', String(body.length));
  if (issues.length > 0) throw invalid(issues);
  return { method: request.method, target, rawHeaders, bodyBase64: (body ?? Buffer.alloc(0)).toString('base64') };
}

function reservedDetail(name: string): string {
  return name.toLowerCase() === 'host' ? 'is said in the field host, or by url' : 'is for the tester to set: leave it out';
}

function placeOf({ url, host, path, query }: TestedRequest, issues: FieldIssue[]): { host: string; target: string } {
  const written = url === undefined ? undefined : /^https?:\/\/([^/?#@]+)([/?][^#]*)?(#.*)?$/i.exec(url);
  if (written === null) issues.push({ pointer: '/request/url', detail: 'must be an http or https URL with a host' });
  for (const [name, value] of Object.entries({ host, path })) {
    if (url !== undefined && value !== undefined) issues.push({ pointer: `/request/${name}`, detail: 'give it or url, not both' });
  }
  if (url === undefined && host === undefined) issues.push({ pointer: '/request/host', detail: 'is required, unless there is a url' });
  const place = { host: written?.[1] ?? host ?? '', target: withQuery(originForm(written?.[2] ?? path ?? '/'), query) };
  const field = url === undefined ? 'path' : 'url';
  if (written !== null && !targetPattern.test(place.target))
    issues.push({
      pointer: `/request/${field}`,
      detail: 'a path begins with /, and other characters in it than those of ASCII are escaped, as %C3%A9',
    });
  if (place.host !== '' && !hostPattern.test(place.host))
    issues.push({
      pointer: url === undefined ? '/request/host' : '/request/url',
      detail: 'the host must be a name or an address, and may have a port',
    });
  return place;
}

function originForm(target: string): string {
  return target.startsWith('?') ? `/${target}` : target;
}

function withQuery(target: string, query: TestedRequest['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, values]) => [values].flat().map((value): [string, string] => [name, value]));
  if (pairs.length === 0) return target;
  return `${target}${target.includes('?') ? '&' : '?'}${new URLSearchParams(pairs)}`;
}

function bodyOf({ body, body_base64: base64, method }: TestedRequest, issues: FieldIssue[]): Buffer | undefined {
  if (body !== undefined && base64 !== undefined) issues.push({ pointer: '/request/body_base64', detail: 'give it or body, not both' });
  const isExpected = method === 'POST' || method === 'PUT' || method === 'PATCH';
  if (body === undefined && base64 === undefined) return isExpected ? Buffer.alloc(0) : undefined;
  const bytes = body === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(body);
  if (bytes.length <= testerLimits.requestBodyMaxBytes) return bytes;
  const pointer = body === undefined ? '/request/body_base64' : '/request/body';
  throw new AppError('client.body_too_large', {
    detail: `${pointer}: has ${bytes.length} bytes; the tester takes ${testerLimits.requestBodyMaxBytes}`,
    issues: [{ pointer, detail: `may have ${testerLimits.requestBodyMaxBytes} bytes` }],
  });
}

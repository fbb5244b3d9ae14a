import { AppError, type OutputCookie, type RequestTransformerOutput } from '@torii/contracts';
import { parseCookie, stringifyCookie } from 'cookie';
import { parseRequestTarget } from '../routing/request-target.js';
import type { OutgoingRequest } from './gateway-request.js';
import { bytesOf, givenBody } from './output-body.js';
import { checkedValue, isFraming } from './output-headers.js';
import { joinedHeaders } from './request-json.js';

type Changes = Pick<
  RequestTransformerOutput,
  'method' | 'url' | 'headers' | 'cookies' | 'body_str' | 'body' | 'body_json' | 'body_base64' | 'body_bytes'
>;

/**
 * The request as a transformer wants it. What its output leaves out stays as it is; headers are replaced as a whole, but
 * for those of the connection and the framing, which are not the plugin's, and cookies, which have a field of their own.
 * What the output gives as it was stays byte for byte as it was.
 *
 * Throws `plugin.bad_output` for what cannot be sent, or would go to another host.
 */
export function changedRequest(request: OutgoingRequest, authority: string, output: Changes): OutgoingRequest {
  const body = changedBody(request.body, output);
  let rawHeaders = request.rawHeaders;
  if (output.headers != null) rawHeaders = changedHeaders(rawHeaders, output.headers);
  if (output.cookies != null) rawHeaders = withCookies(rawHeaders, request.cookieHeader, output.cookies);
  if (body !== request.body) rawHeaders = withLength(rawHeaders, body?.length ?? 0);
  return {
    method: output.method == null ? request.method : changedMethod(output.method),
    ...changedTarget(request, authority, output.url),
    rawHeaders,
    cookieHeader: rawHeaders === request.rawHeaders ? request.cookieHeader : cookieHeaderOf(rawHeaders),
    body,
  };
}

function changedBody(before: Uint8Array | undefined, output: Changes): Uint8Array | undefined {
  const given = givenBody(output);
  if (given === undefined) return before;
  const body = bytesOf(given.content);
  return before !== undefined && Buffer.compare(before, body) === 0 ? before : body;
}

function changedMethod(given: string): string {
  const method = given.toUpperCase();
  // It would make of the connection to the target a tunnel (RFC 9110 section 9.3.6), past all that stands on the route.
  if (method === 'CONNECT') throw badOutput('method: it must not be CONNECT');
  return method;
}

function changedTarget(request: OutgoingRequest, authority: string, url: string | null | undefined): Pick<OutgoingRequest, 'path' | 'search'> {
  const { path, search } = request;
  if (url == null || url === `http://${authority}${path}${search === '' ? '' : `?${search}`}`) return { path, search };
  // A path to this gateway, a host to whoever resolves it as a reference (RFC 3986 section 4.2).
  if (url.startsWith('//')) throw badOutput('url: it must not begin with two slashes');
  try {
    const target = parseRequestTarget(url, authority);
    if (target.authority.toLowerCase() === authority.toLowerCase())
      return { path: checkedUrlPart(target.path), search: checkedUrlPart(target.search) };
  } catch (error) {
    throw badOutput(`url: ${error instanceof Error ? error.message : 'invalid'}`);
  }
  throw badOutput(`url: the host must stay ${authority}, or be left out: where requests go is the target's to say`);
}

/** What a request line may hold (RFC 9112 section 3.2), and what clients may send. */
function checkedUrlPart(part: string): string {
  if (/[^\x21-\xff]/.test(part)) throw new Error('it holds characters that must be escaped');
  return part;
}

/** Values that come as they were, joined where there were several, stay the lines they were. */
function changedHeaders(before: readonly string[], given: NonNullable<Changes['headers']>): readonly string[] {
  const joined = joinedHeaders(before);
  const after: string[] = [];
  const named = new Set<string>();
  let isSame = true;
  for (const name of Object.keys(given)) {
    if (isFraming(name)) continue;
    const value = checkedValue(name, given[name]);
    const lower = name.toLowerCase();
    if (named.has(lower)) throw badOutput(`the header ${name} is given twice`);
    named.add(lower);
    // RFC 9112 section 3.2: who goes by which of several is anybody's guess.
    if (lower === 'host' && Array.isArray(value)) throw badOutput('the header host is given twice');
    const known = joined.get(lower);
    if (known !== undefined && known.name === name && known.value === value) {
      after.push(...known.lines);
    } else {
      isSame = false;
      for (const one of [value].flat()) after.push(name, one);
    }
  }
  for (const [lower, { lines }] of joined) {
    if (named.has(lower)) continue;
    if (lower === 'cookie' || isFraming(lower)) after.push(...lines);
    else isSame = false;
  }
  return isSame ? before : after;
}

function withCookies(rawHeaders: readonly string[], before: string | undefined, cookies: readonly OutputCookie[]): readonly string[] {
  if (isSameCookies(before ?? '', cookies)) return rawHeaders;
  const after = without(rawHeaders, 'cookie');
  if (cookies.length === 0) return after;
  const texts = cookies.map(({ name, value }) => {
    try {
      return stringifyCookie({ [name]: value });
    } catch (error) {
      throw badOutput(`cookie ${JSON.stringify(name.slice(0, 100))}: ${error instanceof Error ? error.message : 'invalid'}`);
    }
  });
  after.push('Cookie', texts.join('; '));
  return after;
}

function isSameCookies(header: string, cookies: readonly OutputCookie[]): boolean {
  const before = Object.entries(parseCookie(header));
  return before.length === cookies.length && before.every(([name, value], index) => cookies[index]?.name === name && cookies[index].value === value);
}

function withLength(rawHeaders: readonly string[], bytes: number): readonly string[] {
  const after = without(without(rawHeaders, 'content-length'), 'transfer-encoding');
  after.push('Content-Length', String(bytes));
  return after;
}

function without(rawHeaders: readonly string[], lower: string): string[] {
  const after: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.toLowerCase() !== lower) after.push(name, rawHeaders[index + 1] ?? '');
  }
  return after;
}

function cookieHeaderOf(rawHeaders: readonly string[]): string | undefined {
  return joinedHeaders(rawHeaders).get('cookie')?.value;
}

function badOutput(detail: string): AppError {
  return new AppError('plugin.bad_output', { detail });
}

import { AppError, debugHeader, type OutputContent, type OutputCookie, reportHeader } from '@torii/contracts';
import { type SetCookie, stringifySetCookie } from 'cookie';

/** Headers of the connection or of the message's framing, which are ours to set (RFC 9110 section 7.6.1). */
const framingHeaders = ['connection', 'content-length', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'] as const;

/** Those of responses that are ours to set. */
const reservedHeaders: ReadonlySet<string> = new Set([
  ...framingHeaders,
  'proxy-authenticate',
  'proxy-authorization',
  'x-request-id',
  'x-torii-error',
  debugHeader,
  reportHeader,
]);

const framing: ReadonlySet<string> = new Set(framingHeaders);
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header value must not hold
const headerValue = /^[^\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]*$/;

/** How the names that were seen last are sent: guests give the same few again and again. */
const sentNames = new Map<string, string>();
const knownNamesMax = 1_000;
const knownNameMaxChars = 100;
const reserved = '';

type GivenHeaders = NonNullable<OutputContent['headers']>;
type GivenValue = GivenHeaders[string] | undefined;

/**
 * Headers of a response that a plugin wants to send, names in lower case; those that are ours to set are left out. Throws
 * `plugin.bad_output` when one cannot be sent.
 */
export function checkedHeaders(given: GivenHeaders): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const name of Object.keys(given)) {
    const lower = sentNames.get(name) ?? sentName(name);
    const value = checkedValue(name, given[name]);
    if (lower !== reserved) headers[lower] = value;
  }
  return headers;
}

/** Whether a header of a response, its name in lower case, is ours to set. */
export function isReserved(lower: string): boolean {
  return reservedHeaders.has(lower);
}

/** Whether a header of a request belongs to its framing or to the connection. Throws `plugin.bad_output` when the name is none. */
export function isFraming(name: string): boolean {
  if (!headerName.test(name)) throw notAName(name);
  return framing.has(name.toLowerCase());
}

/** The values of a header, as they can be sent. Throws `plugin.bad_output` when they cannot. */
export function checkedValue(name: string, value: GivenValue): string | string[] {
  const values = Array.isArray(value) ? value : [String(value)];
  for (const text of values) {
    if (!headerValue.test(text)) throw badOutput(`header ${name} holds a character that a header may not hold`);
  }
  return values.length === 1 ? (values[0] ?? '') : values;
}

/** The value of a `Set-Cookie` header. Throws `plugin.bad_output` when the cookie cannot be one. */
export function setCookieLine(cookie: OutputCookie): string {
  const sameSite = (cookie.sameSite ?? cookie.same_site)?.toLowerCase();
  const maxAge = cookie.maxAge ?? cookie.max_age;
  const attributes: SetCookie = {
    name: cookie.name,
    value: cookie.value,
    ...(maxAge == null ? {} : { maxAge: Math.trunc(maxAge) }),
    ...(cookie.path == null ? {} : { path: cookie.path }),
    ...(cookie.domain == null ? {} : { domain: cookie.domain }),
    secure: cookie.secure ?? false,
    httpOnly: cookie.httpOnly ?? cookie.http_only ?? false,
    ...(sameSite === 'lax' || sameSite === 'strict' || sameSite === 'none' ? { sameSite } : {}),
  };
  try {
    return stringifySetCookie(attributes, { encode: (value) => value });
  } catch (error) {
    throw badOutput(`cookie ${JSON.stringify(cookie.name.slice(0, 100))}: ${error instanceof Error ? error.message : 'invalid'}`);
  }
}

/** How the name of a header is sent, `reserved` when it is not. Throws `plugin.bad_output` when it is none. */
function sentName(name: string): string {
  if (!headerName.test(name)) throw notAName(name);
  const lower = name.toLowerCase();
  const sent = reservedHeaders.has(lower) ? reserved : lower;
  if (name.length > knownNameMaxChars) return sent;
  if (sentNames.size >= knownNamesMax) sentNames.clear();
  sentNames.set(name, sent);
  return sent;
}

function notAName(name: string): AppError {
  return badOutput(`${JSON.stringify(name.slice(0, 100))} is not a header name`);
}

function badOutput(detail: string): AppError {
  return new AppError('plugin.bad_output', { detail });
}

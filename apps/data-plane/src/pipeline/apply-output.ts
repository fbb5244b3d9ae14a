import { AppError, type BackendOutput, type OutputCookie } from '@torii/contracts';
import { type SetCookie, stringifySetCookie } from 'cookie';
import type { GatewayResponse } from './gateway-request.js';

const jsonType = 'application/json';
const textType = 'text/plain; charset=utf-8';

/** Headers of the connection or of the message's framing, which are ours to set (RFC 9110 section 7.6.1). */
const reservedHeaders = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
  'x-torii-error',
]);

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header value must not hold
const headerValue = /^[^\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]*$/;

/** How the names that were seen last are sent: guests give the same few again and again. */
const sentNames = new Map<string, string>();
const knownNamesMax = 1_000;
const knownNameMaxChars = 100;
const reserved = '';

type Headers = Record<string, string | string[]>;

/** Turns a backend's output into a response; throws `plugin.bad_output` when it cannot be sent as it is. */
export function applyOutput(output: BackendOutput): GatewayResponse {
  if (output.delegates_call === true)
    throw badOutput('delegates_call: the target of this route is the function itself, there is nothing to delegate to');
  const body = bodyOf(output);
  const hasBody = allowsBody(output.status);
  const headers = headersOf(output, hasBody ? body.type : undefined);
  if (output.cookies != null && output.cookies.length > 0) {
    headers['set-cookie'] = [...[headers['set-cookie'] ?? []].flat(), ...output.cookies.map(setCookie)];
  }
  return { status: output.status, headers, body: hasBody ? body.content : undefined };
}

interface Body {
  readonly content: string | Uint8Array;
  /** Sent when the guest names no content type. */
  readonly type: string;
}

/** The five body forms in their order; a blank string counts as not given. */
function bodyOf(output: BackendOutput): Body {
  if (isGiven(output.body_str)) return { content: output.body_str, type: jsonType };
  if (isGiven(output.body)) return { content: output.body, type: jsonType };
  if (output.body_json != null) return { content: JSON.stringify(output.body_json), type: jsonType };
  if (isGiven(output.body_base64)) return { content: base64(output.body_base64), type: jsonType };
  if (output.body_bytes != null) return { content: Uint8Array.from(output.body_bytes, (byte) => byte & 0xff), type: jsonType };
  return errorBody(output.error);
}

function errorBody(error: unknown): Body {
  if (error === undefined || error === null) return { content: '', type: jsonType };
  if (typeof error === 'object' && 'body_str' in error && typeof error.body_str === 'string') return { content: error.body_str, type: textType };
  return { content: JSON.stringify(error), type: jsonType };
}

function headersOf(output: BackendOutput, defaultType: string | undefined): Headers {
  if (output.headers == null) return defaultType === undefined ? {} : { 'content-type': defaultType };
  return checkedHeaders(output.headers);
}

/**
 * Headers a plugin wants to send, names in lower case; those that are ours to set are left out. Throws `plugin.bad_output`
 * when one cannot be sent.
 */
export function checkedHeaders(given: NonNullable<BackendOutput['headers']>): Headers {
  const headers: Headers = {};
  for (const name of Object.keys(given)) {
    const lower = sentNames.get(name) ?? sentName(name);
    const value = checkedValue(name, given[name]);
    if (lower !== reserved) headers[lower] = value;
  }
  return headers;
}

/** How the name of a header is sent, `reserved` when it is not. Throws `plugin.bad_output` when it is none. */
function sentName(name: string): string {
  if (!headerName.test(name)) throw badOutput(`${JSON.stringify(name.slice(0, 100))} is not a header name`);
  const lower = name.toLowerCase();
  const sent = reservedHeaders.has(lower) ? reserved : lower;
  if (name.length > knownNameMaxChars) return sent;
  if (sentNames.size >= knownNamesMax) sentNames.clear();
  sentNames.set(name, sent);
  return sent;
}

function checkedValue(name: string, value: string | number | boolean | string[] | undefined): string | string[] {
  const values = Array.isArray(value) ? value : [String(value)];
  for (const text of values) if (!headerValue.test(text)) throw badOutput(`header ${name} holds a character that a header may not hold`);
  return values.length === 1 ? (values[0] ?? '') : values;
}

function setCookie(cookie: OutputCookie): string {
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

function base64(text: string): Uint8Array {
  const compact = text.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(compact)) throw badOutput('body_base64 is not base64');
  return Buffer.from(compact, 'base64');
}

function allowsBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

function isGiven(text: string | null | undefined): text is string {
  return text != null && /\S/.test(text);
}

function badOutput(detail: string): AppError {
  return new AppError('plugin.bad_output', { detail });
}

import { EgressError } from './egress-error.js';

/** Of one connection only (RFC 9110, 7.6.1), or for us to set. */
const notForwarded: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Meant for one origin; dropped when a redirect leaves it. */
const credentials: ReadonlySet<string> = new Set(['authorization', 'cookie']);

const describesBody = /^content-/;

/** Names and values together. */
const headersMaxBytes = 32 * 1024;

/** Throws `EgressError` `bad_request` when there is too much of them. */
export function sendableHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const bytes = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > headersMaxBytes) throw new EgressError('bad_request', `the headers have more than ${headersMaxBytes} bytes`);
  return filterHeaders(headers, (name) => !notForwarded.has(name));
}

export function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return filterHeaders(headers, (name) => !credentials.has(name));
}

export function withoutBodyHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return filterHeaders(headers, (name) => !describesBody.test(name));
}

/** Names in lower case, several values of one name joined as RFC 9110, 5.3 has it. */
export function joinedHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}

function filterHeaders(headers: Readonly<Record<string, string>>, keep: (name: string) => boolean): Record<string, string> {
  const kept = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => keep(name));
  return Object.fromEntries(kept);
}

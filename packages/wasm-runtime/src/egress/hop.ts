import { EgressError } from './egress-error.js';
import { sendableHeaders, withoutBodyHeaders, withoutCredentials } from './request-headers.js';

/** One request on the wire: the first of a call, or what a redirect made of it. */
export interface Hop {
  /** Without trailing dot in its host. */
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** What a guest asks for, unchecked. */
export interface AskedHop {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const methodPattern = /^[A-Z]{1,32}$/;
/** Of a URL with its query (UTF-16 units). */
export const urlMaxLength = 16_384;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Throws `EgressError` `bad_request` for what cannot be sent. */
export function firstHop(asked: AskedHop): Hop {
  const method = asked.method.toUpperCase();
  if (!methodPattern.test(method) || method === 'CONNECT') throw new EgressError('bad_request', 'the method cannot be sent');
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return { url: parseUrl(asked.url), method, headers: sendableHeaders(asked.headers), body: hasBody ? asked.body : undefined };
}

/** Where an answer sends the caller, or undefined when it is no redirect. */
export function redirectOf(status: number, headers: Readonly<Record<string, string>>): string | undefined {
  return redirectStatuses.has(status) ? headers.location : undefined;
}

/**
 * What to send next, as https://fetch.spec.whatwg.org/#http-redirect-fetch has it, but that a redirect from https to http
 * is refused: it would send in clear text what was asked for in secret.
 */
export function redirected(hop: Hop, status: number, location: string): Hop {
  const url = parseUrl(location, hop.url);
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new EgressError('egress_refused', 'a redirect from https to http is not followed');
  }
  const headers = url.origin === hop.url.origin ? hop.headers : withoutCredentials(hop.headers);
  const becomesGet = status === 303 ? hop.method !== 'HEAD' : (status === 301 || status === 302) && hop.method === 'POST';
  if (!becomesGet || hop.method === 'GET') return { ...hop, url, headers };
  return { url, method: 'GET', headers: withoutBodyHeaders(headers), body: undefined };
}

export function urlTooLong(): EgressError {
  return new EgressError('bad_request', 'the URL is too long');
}

function parseUrl(text: string, base?: URL): URL {
  if (text.length > urlMaxLength) throw urlTooLong();
  const url = URL.parse(text, base);
  if (url === null) throw new EgressError('bad_request', 'the URL cannot be read');
  // The same host, but certificates and server names have no such dot.
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  return url;
}

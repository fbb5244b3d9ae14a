import type { OutputCookie, ResponseCookie } from '@torii/contracts';
import { parseSetCookie } from 'cookie';
import { setCookieLine } from './output-headers.js';

/** A cookie of a response as plugins see it, from the value of its `Set-Cookie` header. */
export function responseCookie(line: string): ResponseCookie {
  const { name, value, domain, path, maxAge, secure, httpOnly } = parseSetCookie(line, { decode: (text) => text });
  return {
    name,
    value: value ?? '',
    domain: domain ?? null,
    path: path ?? null,
    maxAge: maxAge ?? null,
    secure: secure ?? false,
    httpOnly: httpOnly ?? false,
  };
}

/**
 * The `Set-Cookie` lines of the cookies a transformer gives. One that comes as it was keeps its line, with what plugins
 * do not see of it, such as `Expires`. Throws `plugin.bad_output` when one cannot be sent.
 */
export function cookieLines(before: readonly string[], cookies: readonly OutputCookie[]): string[] {
  // Lines that look the same to plugins are handed back in their order.
  const known = new Map<string, string[]>();
  for (const line of before) {
    const key = keyOf(responseCookie(line));
    known.set(key, [...(known.get(key) ?? []), line]);
  }
  return cookies.map((cookie) => (saysMore(cookie) ? undefined : known.get(keyOf(cookie))?.shift()) ?? setCookieLine(cookie));
}

function saysMore(cookie: OutputCookie): boolean {
  return (cookie.sameSite ?? cookie.same_site) != null;
}

function keyOf(cookie: OutputCookie): string {
  const { name, value, domain, path, secure } = cookie;
  const maxAge = cookie.maxAge ?? cookie.max_age;
  const httpOnly = cookie.httpOnly ?? cookie.http_only;
  return JSON.stringify([name, value, domain ?? null, path ?? null, maxAge ?? null, secure ?? false, httpOnly ?? false]);
}

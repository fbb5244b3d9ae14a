import type { ResponseTransformerOutput } from '@torii/contracts';
import { allowsBody } from './apply-output.js';
import type { GatewayResponse } from './gateway-request.js';
import { bytesOf, givenBody } from './output-body.js';
import { checkedHeaders, isReserved } from './output-headers.js';
import { cookieLines } from './response-cookies.js';
import { joinedValue } from './response-texts.js';

type Headers = Readonly<Record<string, string | string[]>>;

/**
 * The response as a transformer wants it. What its output leaves out stays as it is, also the status; headers are replaced
 * as a whole, but for those that are the gateway's to set, and cookies, which have a field of their own. What the output
 * gives as it was stays byte for byte as it was. A body given as text is not encoded, whatever the one before was.
 *
 * Throws `plugin.bad_output` for what cannot be sent.
 */
export function changedResponse(response: GatewayResponse, output: ResponseTransformerOutput): GatewayResponse {
  const status = output.status ?? response.status;
  const given = givenBody(output);
  let headers = response.headers;
  if (output.headers != null) headers = changedHeaders(headers, output.headers);
  if (output.cookies != null) headers = withCookies(headers, output.cookies);
  const isNew = given !== undefined && allowsBody(status) && !isSameBody(response.body, given.content);
  if (isNew && given.isText && 'content-encoding' in headers) headers = without(headers, 'content-encoding');
  if (status === response.status && headers === response.headers && !isNew) return response;
  if (!allowsBody(status)) return { status, headers, body: undefined };
  // Where the status before had no body, it is now empty.
  return { status, headers, body: isNew ? given.content : (response.body ?? '') };
}

function changedHeaders(before: Headers, given: NonNullable<ResponseTransformerOutput['headers']>): Headers {
  const after: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(checkedHeaders(given))) {
    if (name === 'set-cookie') continue;
    const known = Object.hasOwn(before, name) ? before[name] : undefined;
    after[name] = known !== undefined && joinedValue(known) === value ? known : value;
  }
  for (const name of Object.keys(before)) if (isReserved(name)) after[name] = before[name] ?? '';
  const cookies = [...[before['set-cookie'] ?? []].flat(), ...addedCookies(before, given)];
  if (cookies.length > 0) after['set-cookie'] = cookies;
  return isSameHeaders(before, after) ? before : after;
}

/** Cookies that a plugin writes as headers come beside those that are there. */
function addedCookies(before: Headers, given: NonNullable<ResponseTransformerOutput['headers']>): string[] {
  const there = new Set([before['set-cookie'] ?? []].flat());
  return [checkedHeaders(given)['set-cookie'] ?? []].flat().filter((line) => !there.has(line));
}

function withCookies(headers: Headers, cookies: NonNullable<ResponseTransformerOutput['cookies']>): Headers {
  const before = [headers['set-cookie'] ?? []].flat();
  const after = cookieLines(before, cookies);
  if (after.length === before.length && after.every((line, index) => line === before[index])) return headers;
  const others = without(headers, 'set-cookie');
  return after.length === 0 ? others : { ...others, 'set-cookie': after };
}

function isSameHeaders(a: Headers, b: Headers): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && isSameValue(a[name], b[name]));
}

function isSameValue(a: string | string[] | undefined, b: string | string[] | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const [left, right] = [[a].flat(), [b].flat()];
  return left.length === right.length && left.every((text, index) => text === right[index]);
}

function isSameBody(before: string | Uint8Array | undefined, given: string | Uint8Array): boolean {
  return before !== undefined && Buffer.compare(bytesOf(before), bytesOf(given)) === 0;
}

function without(headers: Headers, name: string): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name));
}

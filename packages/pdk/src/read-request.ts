import { bytesOf } from './call-host.js';
import type { RequestBody, ResponseBody } from './request.js';

/** The first value of a parameter of the query; undefined when it is not there. */
export function queryParam(request: { readonly query: Readonly<Record<string, readonly string[]>> }, name: string): string | undefined {
  return Object.hasOwn(request.query, name) ? request.query[name]?.[0] : undefined;
}

/** A header by its name, however it is written; undefined when it is not there. */
export function header(message: { readonly headers: Readonly<Record<string, string>> }, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(message.headers).find(([known]) => known.toLowerCase() === wanted)?.[1];
}

/** The body of the request, or of the response, that a plugin is called for; of no bytes when there is none. */
export function bodyBytes(input: Partial<RequestBody> | Partial<ResponseBody>): Uint8Array {
  const base64 = 'response_body_base64' in input ? input.response_body_base64 : (input as Partial<RequestBody>).request_body_base64;
  return bytesOf(base64 ?? '');
}

/** The same as text, which it must be in UTF-8. */
export function bodyText(input: Partial<RequestBody> | Partial<ResponseBody>): string {
  return new TextDecoder().decode(bodyBytes(input));
}

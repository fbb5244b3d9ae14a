import { bytesOf, textAt, valueFields, withJson } from './call-host.js';
import { HostError } from './host-error.js';

export interface HttpRequest {
  readonly url: string;
  /** GET unless given. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to the query of the URL. */
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Can only shorten what the node and the call's deadline allow. */
  readonly timeoutMs?: number;
  /** Not unless asked for. */
  readonly followRedirects?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  text(): string;
  json(): unknown;
}

interface Answered {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body_base64?: string;
  readonly error?: { readonly code: string; readonly detail: string };
}

/**
 * Calls out and waits for the whole answer. Goes where the plugin's `allowedHosts` say, as `fetch` does, and has a query,
 * a time limit and redirects beside. Throws `HostError` when there is no answer: `egress_refused`, `timeout` and so on.
 */
export function httpCall({ url, method, headers, query, body, timeoutMs, followRedirects }: HttpRequest): HttpAnswer {
  const asked = { url, method: method ?? 'GET', headers, query, request_timeout: timeoutMs, follow_redirects: followRedirects };
  const content = body === undefined ? {} : valueFields('body', body);
  const text = textAt(withJson(Host.getFunctions().proxy_http_call, { ...asked, ...content }));
  const answer = JSON.parse(text ?? '{"error":{"code":"http","detail":"no answer"}}') as Answered;
  if (answer.error !== undefined) throw new HostError(answer.error.code, answer.error.detail);
  const bytes = bytesOf(answer.body_base64 ?? '');
  const decoded = (): string => new TextDecoder().decode(bytes);
  return { status: answer.status, headers: answer.headers, body: bytes, text: decoded, json: () => JSON.parse(decoded()) };
}

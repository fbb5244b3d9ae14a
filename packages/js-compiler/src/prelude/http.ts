import { isBytes } from './bytes.js';
import { storeBytes, storeText, takeText } from './memory.js';
import { native } from './native.js';
import { expectFeature } from './phase.js';

export interface Answer {
  /** 0 when the call was refused, or nobody answered. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A block; 0 for an empty body. */
  readonly body: number;
}

interface HttpRequest {
  readonly url: unknown;
  readonly method?: unknown;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
}

/** Calls out and waits for the answer. `what` names the caller in errors. */
export function send(request: HttpRequest, body: unknown, what: string): Answer {
  expectFeature('http', what);
  const head = JSON.stringify({ url: String(request.url), method: String(request.method ?? 'GET'), headers: request.headers ?? {} });
  const block = native.httpRequest(storeText(head).offset, bodyBlock(body, what));
  const status = native.httpStatus();
  return { status, body: block, headers: JSON.parse(takeText(native.httpHeaders()) ?? '{}') };
}

/** `Http` of Extism's js-pdk. */
export const Http = {
  request(request: HttpRequest, body?: unknown): { status: number; headers: Readonly<Record<string, string>>; body: string } {
    const answer = send(request, body, 'Http.request');
    return { status: answer.status, headers: answer.headers, body: takeText(answer.body) ?? '' };
  },
};

function bodyBlock(body: unknown, what: string): number {
  if (body === undefined || body === null) return 0;
  return isBytes(body) ? storeBytes(body, what).offset : storeText(String(body)).offset;
}

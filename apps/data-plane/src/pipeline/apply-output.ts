import { AppError, type BackendOutput, type OutputContent } from '@torii/contracts';
import type { GatewayResponse } from './gateway-request.js';
import { givenBody } from './output-body.js';
import { checkedHeaders, setCookieLine } from './output-headers.js';

const jsonType = 'application/json';
const textType = 'text/plain; charset=utf-8';

/** Turns a backend's output into a response; throws `plugin.bad_output` when it cannot be sent as it is. */
export function applyOutput(output: BackendOutput): GatewayResponse {
  if (output.delegates_call === true) {
    throw new AppError('plugin.bad_output', {
      detail: 'delegates_call: the target of this route has no upstream that could answer',
    });
  }
  return responseOf(output.status, output, output.error);
}

/** Turns what a plugin answers instead of going on into a response; throws `plugin.bad_output` likewise. */
export function answerOf(status: number, output: OutputContent): GatewayResponse {
  return responseOf(status, output, undefined);
}

/** Whether a response of this status may have a body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
export function allowsBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

function responseOf(status: number, output: OutputContent, error: unknown): GatewayResponse {
  const body = bodyOf(output, error);
  const hasBody = allowsBody(status);
  const headers = headersOf(output, hasBody ? body.type : undefined);
  if (output.cookies != null && output.cookies.length > 0) {
    headers['set-cookie'] = [...[headers['set-cookie'] ?? []].flat(), ...output.cookies.map(setCookieLine)];
  }
  return { status, headers, body: hasBody ? body.content : undefined };
}

interface Body {
  readonly content: string | Uint8Array;
  /** Sent when the guest names no content type. */
  readonly type: string;
}

/** Without a body, the error becomes the body. */
function bodyOf(output: OutputContent, error: unknown): Body {
  const given = givenBody(output);
  if (given !== undefined) return { content: given.content, type: jsonType };
  if (error === undefined || error === null) return { content: '', type: jsonType };
  if (typeof error === 'object' && 'body_str' in error && typeof error.body_str === 'string') return { content: error.body_str, type: textType };
  return { content: JSON.stringify(error), type: jsonType };
}

function headersOf(output: OutputContent, defaultType: string | undefined): Record<string, string | string[]> {
  if (output.headers == null) return defaultType === undefined ? {} : { 'content-type': defaultType };
  return checkedHeaders(output.headers);
}

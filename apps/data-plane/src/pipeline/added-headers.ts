import { AppError } from '@torii/contracts';
import type { RequestAttributes } from '@torii/wasm-runtime';
import { z } from 'zod';
import type { GatewayResponse } from './gateway-request.js';
import { checkedHeaders } from './output-headers.js';

/** By this attribute any plugin of a request adds headers to its response (CONTRACTS.md section 2.3). */
const attribute = 'otoroshi.next.core.ResponseAddHeaders';
const AddedHeaders = z.record(z.string(), z.string());

/**
 * The response with the headers that plugins asked to add; a name that is there already gets one more value. Throws
 * `plugin.bad_output` when they cannot be sent.
 */
export function withAddedHeaders(response: GatewayResponse, attributes: RequestAttributes): GatewayResponse {
  const json = attributes.get(attribute);
  if (json === undefined) return response;
  const added = AddedHeaders.safeParse(JSON.parse(json));
  if (!added.success) throw new AppError('plugin.bad_output', { detail: `the attribute ${attribute} must be an object of header names and texts` });
  const headers = { ...response.headers };
  for (const [name, value] of Object.entries(checkedHeaders(added.data))) {
    const there = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = there === undefined ? value : [there, value].flat();
  }
  return { ...response, headers };
}

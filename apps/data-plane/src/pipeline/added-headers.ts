import { AppError, type AttributeChanges } from '@torii/contracts';
import type { RequestAttributes } from '@torii/wasm-runtime';
import { z } from 'zod';
import type { AnyResponse } from './gateway-request.js';
import { checkedHeaders } from './output-headers.js';

/** By this attribute any plugin of a request adds headers to its response (CONTRACTS.md section 2.3). */
const attribute = 'otoroshi.next.core.ResponseAddHeaders';
const AddedHeaders = z.record(z.string(), z.string());

/**
 * The response with the headers that plugins asked to add; a name that is there already gets one more value. Throws
 * `plugin.bad_output` when they cannot be sent.
 */
export function withAddedHeaders<Response extends AnyResponse>(response: Response, attributes: RequestAttributes): Response {
  const added = addedHeaders(attributes);
  if (added === undefined) return response;
  const headers = { ...response.headers };
  for (const [name, value] of Object.entries(added)) {
    const there = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = there === undefined ? value : [there, value].flat();
  }
  return { ...response, headers };
}

/**
 * Carries out what a plugin's output asks for. Throws `plugin.bad_output` for attributes over a limit, and for headers to add that
 * cannot be sent, also where a host function has set them: at the plugin that did it, not at the end.
 */
export function changeAttributes(attributes: RequestAttributes, changes: AttributeChanges | null | undefined): void {
  if (changes != null) attributes.apply(changes);
  addedHeaders(attributes);
}

function addedHeaders(attributes: RequestAttributes): Record<string, string | string[]> | undefined {
  const json = attributes.get(attribute);
  if (json === undefined) return undefined;
  const added = AddedHeaders.safeParse(JSON.parse(json));
  if (!added.success) throw new AppError('plugin.bad_output', { detail: `the attribute ${attribute} must be an object of header names and texts` });
  return checkedHeaders(added.data);
}

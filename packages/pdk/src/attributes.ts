import { textAt, withJson, withText } from './call-host.js';
import { throwLastError } from './host-error.js';

// What the plugins of one request tell each other: values of any JSON, which end with the request.

/** Undefined when there is none. */
export function getAttribute(key: string): unknown {
  const json = textAt(withText(Host.getFunctions().proxy_get_attr, key));
  return json === undefined ? undefined : JSON.parse(json);
}

/** Throws `HostError` when the request would have more attributes, or larger ones, than it may. */
export function setAttribute(key: string, value: unknown): void {
  withJson(Host.getFunctions().proxy_set_attr, { key, value });
  throwLastError();
}

/** Whether it was there. */
export function removeAttribute(key: string): boolean {
  return Number(withText(Host.getFunctions().proxy_del_attr, key)) === 1;
}

import { testerLimits } from '@torii/contracts';
import type { GatewayResponse, OutgoingRequest } from '../pipeline/gateway-request.js';

interface HeaderChanges {
  readonly added: Readonly<Record<string, string>>;
  readonly removed: Readonly<Record<string, string>>;
  readonly changed: Readonly<Record<string, { readonly before: string; readonly after: string }>>;
}

interface BodyChange {
  /** Null for a body that is not in memory. */
  readonly before_bytes: number | null;
  readonly after_bytes: number | null;
}

/** What a plugin made of a message; fields that stayed are left out. */
export interface MessageChanges {
  readonly method?: { readonly before: string; readonly after: string };
  readonly url?: { readonly before: string; readonly after: string };
  readonly status?: { readonly before: number; readonly after: number };
  readonly headers?: HeaderChanges;
  readonly body?: BodyChange;
}

/** Undefined when nothing changed. */
export function requestChanges(before: OutgoingRequest, after: OutgoingRequest): MessageChanges | undefined {
  if (before === after) return undefined;
  const [urlBefore, urlAfter] = [urlOf(before), urlOf(after)];
  return orNothing({
    ...(before.method === after.method ? {} : { method: { before: before.method, after: after.method } }),
    ...(urlBefore === urlAfter ? {} : { url: { before: cut(urlBefore), after: cut(urlAfter) } }),
    ...headerChanges(pairsOf(before.rawHeaders), pairsOf(after.rawHeaders)),
    // A body that was read for the call has not changed.
    ...(before.body === undefined ? {} : bodyChange(before.body, after.body)),
  });
}

/** Undefined when nothing changed. */
export function responseChanges(before: GatewayResponse, after: GatewayResponse): MessageChanges | undefined {
  if (before === after) return undefined;
  return orNothing({
    ...(before.status === after.status ? {} : { status: { before: before.status, after: after.status } }),
    ...headerChanges(fieldsOf(before), fieldsOf(after)),
    ...bodyChange(before.body, after.body),
  });
}

function orNothing(changes: MessageChanges): MessageChanges | undefined {
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function urlOf({ path, search }: OutgoingRequest): string {
  return search === '' ? path : `${path}?${search}`;
}

type Fields = ReadonlyMap<string, string>;

function pairsOf(rawHeaders: readonly string[]): Fields {
  const fields = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const known = fields.get(name);
    const value = rawHeaders[index + 1] ?? '';
    fields.set(name, known === undefined ? value : `${known}, ${value}`);
  }
  return fields;
}

function fieldsOf({ headers }: GatewayResponse): Fields {
  return new Map(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}

function headerChanges(before: Fields, after: Fields): Pick<MessageChanges, 'headers'> {
  const changes = {
    added: {} as Record<string, string>,
    removed: {} as Record<string, string>,
    changed: {} as Record<string, { before: string; after: string }>,
  };
  for (const [name, value] of after) {
    const known = before.get(name);
    if (known === undefined) changes.added[name] = cut(value);
    else if (known !== value) changes.changed[name] = { before: cut(known), after: cut(value) };
  }
  for (const [name, value] of before) if (!after.has(name)) changes.removed[name] = cut(value);
  const isSame = [changes.added, changes.removed, changes.changed].every((group) => Object.keys(group).length === 0);
  return isSame ? {} : { headers: changes };
}

function bodyChange(before: unknown, after: unknown): Pick<MessageChanges, 'body'> {
  if (before === after) return {};
  return { body: { before_bytes: bytesIn(before), after_bytes: bytesIn(after) } };
}

function bytesIn(body: unknown): number | null {
  if (body === undefined) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : null;
}

function cut(text: string): string {
  return text.slice(0, testerLimits.textMaxChars);
}

import { z } from 'zod';

/** Defaults and bounds of the admin API. */
export const adminApiLimits = {
  listDefault: 50,
  listMax: 500,
  waitDefaultMs: 5_000,
  waitMaxMs: 60_000,
  jsonBodyMaxBytes: 8 * 1024 * 1024,
} as const;

export const scopes = [
  'routes:read',
  'routes:write',
  'plugins:read',
  'plugins:write',
  'artifacts:read',
  'artifacts:write',
  'functions:read',
  'functions:write',
  'builds:read',
  'builds:write',
  'settings:read',
  'settings:write',
  'nodes:read',
  'traffic:read',
  'tester:run',
  'admin',
] as const;
/** What a key may do; `admin` covers everything. */
export const Scope = z.enum(scopes);
export type Scope = z.infer<typeof Scope>;

/** Envelope of every list: `nextCursor` is null on the last page. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });
}

export interface List<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** Header on every answer of the admin API: the newest revision of the configuration. */
export const configRevisionHeader = 'x-config-revision';
/** Header on the answer to a write that was done and may not be what was meant: a sentence. */
export const warningHeader = 'x-torii-warning';
/** Header of the data plane on an error of ours, so that a caller can tell it from an upstream's. */
export const errorCodeHeader = 'x-torii-error';
export const requestIdHeader = 'x-request-id';
/** A caller's request id that is short and harmless enough to log and send back; any other is replaced. */
export const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

import type { ErrorCode } from '@torii/contracts';
import type { KvRefusal } from './kv-store.js';

/** What a data thread asks of the thread that owns the maps. */
export type KvRequest = { readonly id: number; readonly pluginId: string; readonly key: string } & (
  | { readonly op: 'get' | 'del' }
  | { readonly op: 'set'; readonly value: Uint8Array }
);

/** The answer to the request with that id; an error travels as its code and detail, because classes do not. */
export type KvReply =
  | { readonly id: number; readonly value?: Uint8Array; readonly refusal?: KvRefusal; readonly isDeleted?: boolean }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly detail: string | undefined } };

import type { KvStore } from '@torii/kv';

export interface KvLimits {
  readonly maxBytes: number;
  readonly maxKeys: number;
}

export type OpenStore = (limits: KvLimits) => Promise<KvStore> | KvStore;

export const roomy: KvLimits = { maxBytes: 1024 * 1024, maxKeys: 10_000 };

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

// Compared as text: the bytes may come from another realm than the test's.
export function bytesOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

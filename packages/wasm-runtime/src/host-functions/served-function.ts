import type { StoreName } from '@torii/contracts';
import type { KvStore } from '@torii/kv';
import type { Guest } from '../guest.js';

/** Pointers, statuses and counts as numbers; sums of 64 bits as bigint. */
export type HostAnswer = number | bigint;

/**
 * A function the host serves. Arguments come as whole numbers whatever integer type the guest declared, and the result is
 * turned into the type it declared; functions without a result answer 0.
 *
 * It does not throw into the guest: what can go wrong is a value. Exceptions mean that the call has ended.
 */
export interface ServedFunction {
  /** Whether it may answer this guest a promise, which suspends it. */
  readonly suspends: (guest: Guest) => boolean;
  readonly body: (guest: Guest, args: readonly number[]) => HostAnswer | Promise<HostAnswer>;
  /** Leaves the error of the function called before it for `proxy_last_error`. */
  readonly keepsError?: boolean;
}

export type ServedFunctions = Readonly<Record<string, ServedFunction>>;

export function answering(body: (guest: Guest, args: readonly number[]) => HostAnswer): ServedFunction {
  return { suspends: () => false, body };
}

export function suspending(body: (guest: Guest, args: readonly number[]) => HostAnswer | Promise<HostAnswer>): ServedFunction {
  return { suspends: () => true, body };
}

/** Suspends only over a store that does not answer at once. */
export function overStore(
  name: StoreName,
  body: (guest: Guest, store: KvStore, args: readonly number[]) => HostAnswer | Promise<HostAnswer>,
): ServedFunction {
  return {
    suspends: (guest) => !guest.stores.open(name).isSynchronous,
    body: (guest, args) => body(guest, guest.stores.open(name), args),
  };
}

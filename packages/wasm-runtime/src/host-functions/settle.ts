import type { KvRefusal, MaybePromise } from '@torii/kv';
import type { Guest } from '../guest.js';
import { isPromise } from './maybe-promise.js';
import type { HostAnswer } from './served-function.js';

/**
 * Turns what a store answers into what the guest reads. Does not suspend it when the store answers at once. A store that
 * cannot be reached is `unavailable`, and `onFailure` says what the guest reads then.
 */
export function settle<Value>(
  guest: Guest,
  operation: () => MaybePromise<Value>,
  onValue: (value: Value) => HostAnswer,
  onFailure: () => HostAnswer,
): HostAnswer | Promise<HostAnswer> {
  const failed = (error: unknown): HostAnswer => {
    guest.refuse('unavailable', 'the store cannot be reached', rootMessage(error));
    return onFailure();
  };
  let value: MaybePromise<Value>;
  try {
    value = operation();
  } catch (error) {
    return failed(error);
  }
  return isPromise(value) ? value.then(onValue, failed) : onValue(value);
}

const causesMax = 5;

/** What began it; a stack for each call while a store is away would drown the log. */
function rootMessage(error: unknown): string {
  let root = error;
  for (let depth = 0; depth < causesMax && root instanceof Error && root.cause !== undefined; depth += 1) root = root.cause;
  return root instanceof Error ? root.message : String(root);
}

const refusals: Readonly<Record<KvRefusal, string>> = {
  over_limit: 'the store would hold more bytes or keys than it may',
  not_a_number: 'the value is no 64-bit integer, or the sum would be none',
  not_durable: 'the write is done, but no replica confirmed it in time',
};

/** Notes why the store refused a write. */
export function refuseWrite(guest: Guest, refusal: KvRefusal): void {
  guest.refuse(refusal, refusals[refusal]);
}

import type { Guest } from '../guest.js';

/**
 * A function the host serves. Arguments come as whole numbers whatever integer type the guest declared, and the result is
 * turned into the type it declared; functions without a result answer 0.
 *
 * It does not throw into the guest: what can go wrong is a value. Exceptions mean that the call has ended.
 */
export interface ServedFunction {
  /** Whether it may answer a promise, which suspends the guest. */
  readonly suspends: boolean;
  readonly body: (guest: Guest, args: readonly number[]) => number | Promise<number>;
}

export function answering(body: (guest: Guest, args: readonly number[]) => number): ServedFunction {
  return { suspends: false, body };
}

export function suspending(body: (guest: Guest, args: readonly number[]) => number | Promise<number>): ServedFunction {
  return { suspends: true, body };
}

/** Otoroshi's status numbers (CONTRACTS.md section 2). */
export const hostStatus = { ok: 0, badArgument: 2, internalFailure: 5 } as const;

/** JSON that a guest hands over is parsed in one go, so it is bounded; as a list of numbers a body of 1 MiB fits. */
const jsonMaxBytes = 4 * 1024 * 1024;

const decoder = new TextDecoder();

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The JSON in these bytes, or undefined when it is too long or cannot be parsed. */
export function jsonOf(bytes: Uint8Array): unknown {
  if (bytes.length > jsonMaxBytes) return undefined;
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
}

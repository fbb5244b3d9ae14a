import { textAt, valueFields, withJson, withText } from './call-host.js';
import type { HostFunction } from './globals.js';
import { throwLastError } from './host-error.js';

// What the modules of the stores have in common. Each of their functions writes the name of its host function out, so that a
// module imports, and needs grants for, only what its function uses.

export interface WriteOptions {
  /** Milliseconds until the key is gone; left out, it stays. */
  readonly ttlMs?: number;
  /** Waits until a replica has the write, where the store is in Redis. */
  readonly durable?: boolean;
}

export interface KeyQuery {
  /** `*`, `?`, `[a-c]`, a backslash before a character taken as it is. */
  readonly pattern?: string;
  readonly prefix?: string;
  /** 1,000 unless given, at most 10,000. */
  readonly limit?: number;
}

export interface FoundKeys {
  readonly keys: string[];
  /** False when there may be more than the limits let through. */
  readonly complete: boolean;
}

/** What a host function answers a write with when it was done, and when the key stood in its way. */
export interface WriteAnswers {
  readonly done: number;
  readonly unchanged: number;
}

export const mapAnswers: WriteAnswers = { done: 0, unchanged: 4 };
export const datastoreAnswers: WriteAnswers = { done: 1, unchanged: 0 };

/** `-2^63`, which stands for no sum. */
const noSum = -(2n ** 63n);

export function readText(call: HostFunction | undefined, key: string): string | undefined {
  return textAt(found(withText(call, key)));
}

export function readBytes(call: HostFunction | undefined, key: string): Uint8Array | undefined {
  const pointer = found(withText(call, key));
  return pointer === 0 ? undefined : new Uint8Array(Memory.find(pointer).readBytes());
}

/** Whether it was written: false when the key, or its value, stood in its way. Throws `HostError`. */
export function write(
  call: HostFunction | undefined,
  answers: WriteAnswers,
  { key, value, expected, ttlMs, durable }: WriteOptions & { key: string; value: string | Uint8Array; expected?: string | Uint8Array | undefined },
): boolean {
  const expectation = expected === undefined ? {} : valueFields('expected', expected);
  const status = Number(withJson(call, { key, ...valueFields('value', value), ...expectation, ttl: ttlMs, durable }));
  if (status === answers.done) return true;
  throwLastError();
  return false;
}

/** The new sum. Throws `HostError`. */
export function add(call: HostFunction | undefined, key: string, by: number | bigint): bigint {
  const sum = BigInt(withJson(call, { key, incr: String(by) }));
  if (sum === noSum) throwLastError();
  return sum;
}

export function findKeys(call: HostFunction | undefined, query: KeyQuery): FoundKeys {
  const answer = JSON.parse(textAt(withJson(call, query)) ?? '{}') as Partial<FoundKeys> & { error?: unknown };
  if (answer.error !== undefined) throwLastError();
  return { keys: answer.keys ?? [], complete: answer.complete ?? true };
}

/** Nothing is there, or the store could not be read: only the latter has an error. */
function found(pointer: number | bigint): number {
  if (Number(pointer) === 0) throwLastError();
  return Number(pointer);
}

import { hostStatus, noSum, type StoreName } from '@torii/contracts';
import type { KvRefusal, KvWrite } from '@torii/kv';
import { z } from 'zod';
import type { Guest } from '../guest.js';
import { Key, readJson } from './read-argument.js';
import { type HostAnswer, overStore, type ServedFunctions } from './served-function.js';
import { refuseWrite, settle } from './settle.js';

/** How a family of functions says what became of a write. */
interface WriteAnswers {
  readonly done: number;
  /** Nothing changed, because of what was there. */
  readonly notDone: number;
  readonly badArgument: number;
  readonly failed: number;
}

export const mapAnswers: WriteAnswers = {
  done: hostStatus.ok,
  notDone: hostStatus.casMismatch,
  badArgument: hostStatus.badArgument,
  failed: hostStatus.internalFailure,
};
export const datastoreAnswers: WriteAnswers = { done: 1, notDone: 0, badArgument: 0, failed: 0 };

/** Ten years. */
export const ttlMaxMs = 315_360_000_000;

/** A number of 64 bits with a sign; in JSON exact up to 2^53 only, beyond it as text. */
export const Integer = z
  .union([z.int(), z.string().regex(/^-?\d{1,19}$/)])
  .transform(BigInt)
  .refine((value) => BigInt.asIntN(64, value) === value, 'must fit 64 bits');

const Base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'must be base64');
const Entry = z
  .object({
    key: Key,
    value: z.string().nullish(),
    value_base64: Base64.nullish(),
    ttl: z.int().min(1).max(ttlMaxMs).nullish(),
    durable: z.boolean().nullish(),
  })
  .refine(({ value, value_base64 }) => value != null || value_base64 != null, 'value, a text, or value_base64 is missing');
/** Without an expected value, or with null, there must be none. */
const Swap = z.object({ expected: z.string().nullish(), expected_base64: Base64.nullish() });
const Increment = z.object({ key: Key, incr: Integer });

/** What maps and datastores change alike; the latter answer other numbers. */
export function writeVerbs(prefix: string, name: StoreName, answers: WriteAnswers): ServedFunctions {
  const outcomeOf = (guest: Guest, result: boolean | KvRefusal | undefined): HostAnswer => {
    if (result === undefined || result === true) return answers.done;
    if (result === false) return answers.notDone;
    refuseWrite(guest, result);
    return answers.failed;
  };

  return {
    [`${prefix}_set`]: overStore(name, (guest, store, args) => {
      const entry = readJson(guest, args, Entry);
      if (entry === undefined) return answers.badArgument;
      return settle(
        guest,
        () => store.set(entry.key, valueToSet(entry), writeOf(entry)),
        (refusal) => outcomeOf(guest, refusal),
        () => answers.failed,
      );
    }),

    [`${prefix}_setnx`]: overStore(name, (guest, store, args) => {
      const entry = readJson(guest, args, Entry);
      if (entry === undefined) return answers.badArgument;
      return settle(
        guest,
        () => store.setIfAbsent(entry.key, valueToSet(entry), writeOf(entry)),
        (result) => outcomeOf(guest, result),
        () => answers.failed,
      );
    }),

    [`${prefix}_cas`]: overStore(name, (guest, store, args) => {
      const entry = readJson(guest, args, Entry.and(Swap));
      if (entry === undefined) return answers.badArgument;
      return settle(
        guest,
        () => store.compareAndSet(entry.key, bytesOf(entry.expected, entry.expected_base64), valueToSet(entry), writeOf(entry)),
        (result) => outcomeOf(guest, result),
        () => answers.failed,
      );
    }),

    [`${prefix}_incrby`]: overStore(name, (guest, store, args) => {
      const asked = readJson(guest, args, Increment);
      if (asked === undefined) return noSum;
      return settle(
        guest,
        () => store.incrementBy(asked.key, asked.incr),
        (sum) => {
          if (typeof sum === 'bigint') return sum;
          refuseWrite(guest, sum);
          return noSum;
        },
        () => noSum,
      );
    }),
  };
}

function valueToSet({ value, value_base64 }: z.infer<typeof Entry>): Uint8Array {
  return bytesOf(value, value_base64) ?? new Uint8Array(0);
}

function bytesOf(text: string | null | undefined, base64: string | null | undefined): Uint8Array | undefined {
  if (text != null) return Buffer.from(text);
  return base64 == null ? undefined : Buffer.from(base64, 'base64');
}

function writeOf({ ttl, durable }: z.infer<typeof Entry>): KvWrite {
  return { ...(ttl == null ? {} : { ttlMs: ttl }), ...(durable == null ? {} : { durable }) };
}

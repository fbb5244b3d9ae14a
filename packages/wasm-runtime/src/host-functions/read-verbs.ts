import type { StoreName } from '@torii/contracts';
import type { KvPage, KvQuery, KvStore } from '@torii/kv';
import { z } from 'zod';
import type { Guest } from '../guest.js';
import { keyMaxBytes, readJson, readText } from './read-argument.js';
import { type HostAnswer, overStore, type ServedFunction, type ServedFunctions } from './served-function.js';
import { settle } from './settle.js';

/** Stores find nothing by a longer one. */
const patternMaxLength = 1_024;
const listMaxEntries = 10_000;
const listMaxBytes = 8 * 1024 * 1024;
/** A query that names no limit gets this many. */
const listDefaultEntries = 1_000;
const queryMaxBytes = 16_384;

const Query = z.strictObject({
  pattern: z.string().max(patternMaxLength).nullish(),
  prefix: z.string().max(keyMaxBytes).nullish(),
  limit: z.int().min(1).max(listMaxEntries).nullish(),
});

/** What maps and datastores answer alike. */
export function readVerbs(prefix: string, name: StoreName): ServedFunctions {
  return {
    /** The value's block; 0, which every guest reads as an empty block, when there is none. */
    [`${prefix}_get`]: overStore(name, (guest, store, args) => {
      const key = readText(guest, args);
      if (key === undefined) return 0;
      return settle(
        guest,
        () => store.get(key),
        (value) => (value === undefined ? 0 : guest.give(value)),
        () => 0,
      );
    }),

    [`${prefix}_keys`]: listing(name, 'keys', ({ entries }) => entries.map(({ key }) => key)),
  };
}

/**
 * What a query finds: for a pattern as text a bare list, as Otoroshi has it; for one in JSON an object that says whether
 * the list is complete. A list that is not is noted as `incomplete` either way.
 */
export function listing(name: StoreName, field: 'keys' | 'values', itemsOf: (page: KvPage) => readonly string[]): ServedFunction {
  return overStore(name, (guest, store, args) => {
    const asked = readQuery(guest, args, field === 'values');
    if (asked === undefined) return giveError(guest);
    return settle(
      guest,
      () => store.list(asked.query),
      (page) => {
        if (!page.isComplete) guest.refuse('incomplete', 'there may be more that matches: narrow the pattern');
        const items = itemsOf(page);
        return guest.give(JSON.stringify(asked.isJson ? { [field]: items, complete: page.isComplete } : items));
      },
      () => giveError(guest),
    );
  });
}

/** All of a store as `{key: base64}`; an error rather than a part of it. */
export function whole(guest: Guest, store: KvStore): HostAnswer | Promise<HostAnswer> {
  return settle(
    guest,
    () => store.list({ limit: listMaxEntries, maxBytes: listMaxBytes, withValues: true }),
    ({ entries, isComplete }) => {
      if (!isComplete) {
        guest.refuse('over_limit', `there are more than ${listMaxEntries} keys or ${listMaxBytes} bytes: list the keys instead`);
        return giveError(guest);
      }
      return guest.give(JSON.stringify(Object.fromEntries(entries.map(({ key, value }) => [key, base64Of(value)]))));
    },
    () => giveError(guest),
  );
}

export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function readQuery(guest: Guest, args: readonly number[], withValues: boolean): { readonly query: KvQuery; readonly isJson: boolean } | undefined {
  const text = readText(guest, args, queryMaxBytes);
  if (text === undefined) return undefined;
  const bounds = { maxBytes: listMaxBytes, withValues };
  if (text === '') return { query: { limit: listMaxEntries, ...bounds }, isJson: false };
  if (!text.startsWith('{')) {
    if (text.length <= patternMaxLength) return { query: { pattern: text, limit: listMaxEntries, ...bounds }, isJson: false };
    guest.refuse('bad_argument', `the pattern has more than ${patternMaxLength} characters`);
    return undefined;
  }
  const asked = readJson(guest, args, Query);
  if (asked === undefined) return undefined;
  const { pattern, prefix, limit } = asked;
  const parts = { ...(pattern == null ? {} : { pattern }), ...(prefix == null ? {} : { prefix }) };
  return { query: { ...parts, limit: limit ?? listDefaultEntries, ...bounds }, isJson: true };
}

/** Where a list or an object is expected, an error says itself what it is. */
function giveError(guest: Guest): number {
  return guest.give(JSON.stringify({ error: guest.lastError }));
}

import { z } from 'zod';
import { Key, readJson, readText } from './read-argument.js';
import { base64Of, listing, readVerbs } from './read-verbs.js';
import { overStore, type ServedFunctions } from './served-function.js';
import { settle } from './settle.js';
import { datastoreAnswers, Integer, ttlMaxMs, writeVerbs } from './write-verbs.js';

const deletedAtOnceMax = 1_000;

/** Counted first: checking each key of a long list takes long. */
const Deletion = z.object({
  keys: z
    .unknown()
    .refine((keys) => !Array.isArray(keys) || keys.length <= deletedAtOnceMax, `at most ${deletedAtOnceMax} keys at once`)
    .pipe(z.array(Key)),
});
const Expiry = z.object({ key: Key, pttl: Integer });

/** Answers of `pttl`; the store's own are -1 and -2. */
const noTtl = -3;

export const datastoreFunctions: ServedFunctions = {
  ...datastoreOf('proxy_plugin_datastore', 'plugin_datastore'),
  ...datastoreOf('proxy_datastore', 'global_datastore'),
};

/** Keys are the plugin's own words: no storage prefix is ever added to what a guest reads. */
function datastoreOf(prefix: string, name: 'plugin_datastore' | 'global_datastore'): ServedFunctions {
  return {
    ...readVerbs(prefix, name),
    ...writeVerbs(prefix, name, datastoreAnswers),

    [`${prefix}_all_matching`]: listing(name, 'values', ({ entries }) => entries.map(({ value }) => base64Of(value))),

    [`${prefix}_exists`]: overStore(name, (guest, store, args) => {
      const key = readText(guest, args);
      if (key === undefined) return 0;
      return settle(
        guest,
        () => store.exists(key),
        (isThere) => (isThere ? 1 : 0),
        () => 0,
      );
    }),

    [`${prefix}_pttl`]: overStore(name, (guest, store, args) => {
      const key = readText(guest, args);
      if (key === undefined) return noTtl;
      return settle(
        guest,
        () => store.ttlMs(key),
        (leftMs) => Math.ceil(leftMs),
        () => noTtl,
      );
    }),

    [`${prefix}_pexpire`]: overStore(name, (guest, store, args) => {
      const asked = readJson(guest, args, Expiry);
      if (asked === undefined) return 0;
      return settle(
        guest,
        () => store.expire(asked.key, Math.min(Number(asked.pttl), ttlMaxMs)),
        (isThere) => (isThere ? 1 : 0),
        () => 0,
      );
    }),

    [`${prefix}_del`]: overStore(name, (guest, store, args) => {
      const asked = readJson(guest, args, Deletion);
      if (asked === undefined) return -1;
      return settle(
        guest,
        () => store.del(asked.keys),
        (count) => count,
        () => -1,
      );
    }),
  };
}

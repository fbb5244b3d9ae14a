import { readText } from './read-argument.js';
import { readVerbs, whole } from './read-verbs.js';
import { overStore, type ServedFunctions } from './served-function.js';
import { settle } from './settle.js';
import { mapAnswers, writeVerbs } from './write-verbs.js';

export const mapFunctions: ServedFunctions = { ...mapOf('proxy_plugin_map', 'plugin_map'), ...mapOf('proxy_global_map', 'global_map') };

function mapOf(prefix: string, name: 'plugin_map' | 'global_map'): ServedFunctions {
  return {
    [prefix]: overStore(name, (guest, store) => whole(guest, store)),

    ...readVerbs(prefix, name),
    ...writeVerbs(prefix, name, mapAnswers),

    /** Answers text, not a number, as Otoroshi does. */
    [`${prefix}_del`]: overStore(name, (guest, store, args) => {
      const key = readText(guest, args);
      if (key === undefined) return guest.give('StatusBadArgument');
      return settle(
        guest,
        () => store.del([key]),
        () => guest.give('StatusOK'),
        () => guest.give('StatusInternalFailure'),
      );
    }),
  };
}

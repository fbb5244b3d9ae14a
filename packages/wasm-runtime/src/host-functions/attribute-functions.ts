import { z } from 'zod';
import { readJson, readText } from './read-argument.js';
import { jsonText } from './request-attributes.js';
import { answering, type ServedFunctions } from './served-function.js';

const Attribute = z.object({ key: z.string(), value: z.unknown() });

/** The attributes that Otoroshi lets plugins set (CONTRACTS.md section 2.3); with `compat: torii` they may set any. */
const otoroshiSettable: ReadonlySet<string> = new Set([
  'otoroshi.next.core.ResponseAddHeaders',
  'otoroshi.next.core.JwtInjection',
  'otoroshi.next.core.PreExtractedApikeyTuple',
  'otoroshi.core.UserKey',
  'otoroshi.core.ApiKey',
  'otoroshi.core.GatewayEventExtraInfos',
  'otoroshi.core.PreExtractedRequestTarget',
  'otoroshi.core.PreExtractedRequestTargets',
  'otoroshi.core.ElCtx',
  'otoroshi.plugins.ExtraAnalyticsData',
]);

/** The request's attributes: every plugin of the request sees the same. */
export const attributeFunctions: ServedFunctions = {
  proxy_get_attrs: answering((guest) => guest.give(guest.attributes.toJson())),

  proxy_get_attr: answering((guest, args) => {
    const key = readText(guest, args);
    const json = key === undefined ? undefined : guest.attributes.get(key);
    return json === undefined ? 0 : guest.give(json);
  }),

  proxy_set_attr: answering((guest, args) => {
    const asked = readJson(guest, args, Attribute);
    if (asked === undefined) return 0;
    const json = jsonText(asked.value);
    if (json === undefined) {
      guest.refuse('bad_argument', 'the value is missing, or nested too deeply');
      return 0;
    }
    if (guest.spec.compat === 'otoroshi' && !otoroshiSettable.has(asked.key)) {
      guest.refuse('not_settable', 'plugins must not set this attribute');
      return 0;
    }
    if (guest.attributes.set(asked.key, json)) return 1;
    guest.refuse('over_limit', 'the request would have more attributes, or larger ones, than it may');
    return 0;
  }),

  proxy_del_attr: answering((guest, args) => {
    const key = readText(guest, args);
    return key !== undefined && guest.attributes.del(key) ? 1 : 0;
  }),

  proxy_clear_attrs: answering((guest) => {
    guest.attributes.clear();
    return 0;
  }),
};

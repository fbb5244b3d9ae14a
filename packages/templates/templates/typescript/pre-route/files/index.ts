import { preRoute } from '@torii/pdk';

/** Answers every request of its route by itself while the plugin's config says that there is maintenance. */
export const pre_route = preRoute(({ config }) => {
  if (config.maintenance !== 'on') return { error: false };
  return { error: true, status: 503, headers: { 'retry-after': '60' }, body_json: { message: 'back in a minute' } };
});

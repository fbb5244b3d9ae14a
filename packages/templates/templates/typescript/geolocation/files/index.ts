import { backend, queryParam } from '@torii/pdk';
import * as pluginMap from '@torii/pdk/plugin-map';

/** Looks a French address up, and remembers what it found: for the same question the service is asked once. */
export const GetCompleteAddress = backend(async ({ request }) => {
  const search = queryParam(request, 'q');
  if (!search) return { status: 400, body_json: { error: 'missing query param q' } };

  const known = pluginMap.get(search);
  if (known !== undefined) return { body_json: JSON.parse(known) };

  const response = await fetch(`https://api-adresse.data.gouv.fr/search/?q=${encodeURIComponent(search)}`);
  if (!response.ok) return { status: 400, body_json: { error: 'failed fetching address with given input' } };

  const address = await response.text();
  pluginMap.set(search, address);
  return { body_json: JSON.parse(address) };
});

import { Http, PluginMap } from '@torii/pdk';
import { BackendInput, BackendOutput, backend } from '@torii/pdk/backend';

const api = 'https://api-adresse.data.gouv.fr/search/?q=';

export function GetCompleteAddress(): i32 {
  return backend(complete);
}

function complete(input: BackendInput): BackendOutput {
  const search = input.request.queryValue('q');
  if (search === null) return BackendOutput.json('{"error":"missing query param q"}', 400);

  const known = PluginMap.get(search);
  if (known !== null) return BackendOutput.json(known);

  const response = Http.get(api + encodeURIComponent(search));
  if (response.status != 200) return BackendOutput.json('{"error":"Failed fetching address with given input"}', 400);

  const address = response.text();
  PluginMap.set(search, address);
  return BackendOutput.json(address);
}

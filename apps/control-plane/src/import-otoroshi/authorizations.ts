import type { Grant } from '@torii/contracts';
import type { Fields } from './fields.js';

export interface Authorizations {
  readonly grants: Grant[];
  readonly mayCallHttp: boolean;
  readonly httpCallMs: number | undefined;
}

const stores = {
  globalDataStoreAccess: 'global_datastore',
  pluginDataStoreAccess: 'plugin_datastore',
  globalMapAccess: 'global_map',
  pluginMapAccess: 'plugin_map',
} as const;

/** What the guest may ask of the host; none of it where the file says nothing. */
export function readAuthorizations(config: Fields): Authorizations {
  const current = config.object('authorizations');
  const former = config.object('accesses');
  const fields = current ?? former;
  if (fields === undefined) return { grants: [], mayCallHttp: false, httpCallMs: undefined };
  const grants: Grant[] = [];
  for (const [name, store] of Object.entries(stores)) {
    const rights = fields.object(name);
    if (rights?.flag('read') === true) grants.push(`${store}:read`);
    if (rights?.flag('write') === true) grants.push(`${store}:write`);
    rights?.end();
  }
  if (fields.flag('proxyStateAccess') === true) grants.push('state:read');
  if (fields.flag('configurationAccess') === true) grants.push('config:read');
  const mayCallHttp = fields.flag('httpAccess') ?? false;
  const httpCallMs = fields.number('proxyHttpCallTimeout');
  fields.end();
  return { grants, mayCallHttp, httpCallMs };
}

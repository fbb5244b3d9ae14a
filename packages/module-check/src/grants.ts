import {
  type FieldIssue,
  type Grant,
  GrantString,
  type HostFunctionGrant,
  type PluginSpec,
  type StoreLimits,
  type StoreName,
  storeNames,
} from '@torii/contracts';

/** Grants as `name:access`, whichever way they were written; combinations that do not exist grant nothing. */
export function grantsOf(hostFunctions: readonly HostFunctionGrant[]): Set<Grant> {
  const grants = new Set<Grant>();
  for (const grant of hostFunctions) {
    const texts = typeof grant === 'string' ? [grant] : grant.access.map((access) => `${grant.name}:${access}`);
    for (const text of texts) {
      const known = GrantString.safeParse(text).data;
      if (known !== undefined) grants.add(known);
    }
  }
  return grants;
}

/**
 * How grants are narrowed, by store; undefined when none is. Of several grants for one store the narrowest counts, so
 * that a plain one beside it takes nothing back, and a store evicts when one of them says so.
 */
export function storeLimitsOf(hostFunctions: readonly HostFunctionGrant[]): Partial<Record<StoreName, StoreLimits>> | undefined {
  const limits: Partial<Record<StoreName, StoreLimits>> = {};
  for (const grant of hostFunctions) {
    if (typeof grant === 'string' || !isStore(grant.name)) continue;
    const known = limits[grant.name];
    const ttlMs = least(known?.ttlMs, grant.ttlMs);
    const maxKeys = least(known?.maxKeys, grant.maxKeys);
    const evicts = known?.eviction === 'lru' || grant.eviction === 'lru';
    if (ttlMs === undefined && maxKeys === undefined && !evicts) continue;
    limits[grant.name] = {
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(maxKeys === undefined ? {} : { maxKeys }),
      ...(evicts ? { eviction: 'lru' } : {}),
    };
  }
  return Object.keys(limits).length === 0 ? undefined : limits;
}

/** Grants that would grant nothing, and limits that nothing would observe. */
export function grantIssues({ hostFunctions, mapStore }: Pick<PluginSpec, 'hostFunctions' | 'mapStore'>): FieldIssue[] {
  return hostFunctions.flatMap((grant, index) => {
    if (typeof grant === 'string') return [];
    const pointer = `/hostFunctions/${index}`;
    const issues: FieldIssue[] = [];
    grant.access.forEach((access, at) => {
      if (GrantString.safeParse(`${grant.name}:${access}`).success) return;
      issues.push({ pointer: `${pointer}/access/${at}`, detail: `there is no ${access} access to ${grant.name}: leave it out` });
    });
    for (const name of ['ttlMs', 'maxKeys'] as const) {
      if (grant[name] === undefined || isStore(grant.name)) continue;
      issues.push({ pointer: `${pointer}/${name}`, detail: `${grant.name} is no store: leave it out` });
    }
    if (grant.eviction === 'lru' && (grant.name !== 'plugin_map' || mapStore !== 'memory')) {
      issues.push({ pointer: `${pointer}/eviction`, detail: 'only plugin_map evicts, and only with mapStore "memory": leave it out, or use ttlMs' });
    }
    return issues;
  });
}

function isStore(name: string): name is StoreName {
  return (storeNames as readonly string[]).includes(name);
}

function least(...values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

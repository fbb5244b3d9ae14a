import { type Grant, GrantString, type HostFunctionGrant, type StoreLimits, type StoreName, storeNames } from '@torii/contracts';

/** What settings grant, as nodes are told it. */
export interface Granted {
  readonly grants: ReadonlySet<Grant>;
  /** How grants are narrowed; of several for one store the narrowest counts. */
  readonly storeLimits: Partial<Readonly<Record<StoreName, StoreLimits>>>;
}

/** Combinations that do not exist grant nothing. */
export function grantedBy(hostFunctions: readonly HostFunctionGrant[]): Granted {
  const grants = new Set<Grant>();
  const storeLimits: Partial<Record<StoreName, StoreLimits>> = {};
  for (const grant of hostFunctions) {
    const texts = typeof grant === 'string' ? [grant] : grant.access.map((access) => `${grant.name}:${access}`);
    for (const text of texts) {
      const known = GrantString.safeParse(text).data;
      if (known !== undefined) grants.add(known);
    }
    if (typeof grant !== 'string' && isStore(grant.name)) storeLimits[grant.name] = narrower(storeLimits[grant.name], grant);
  }
  return { grants, storeLimits };
}

function isStore(name: string): name is StoreName {
  return storeNames.some((store) => store === name);
}

function narrower(known: StoreLimits | undefined, added: { ttlMs?: number | undefined; maxKeys?: number | undefined }): StoreLimits {
  const ttlMs = least(known?.ttlMs, added.ttlMs);
  const maxKeys = least(known?.maxKeys, added.maxKeys);
  return { ...(ttlMs === undefined ? {} : { ttlMs }), ...(maxKeys === undefined ? {} : { maxKeys }) };
}

function least(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}

import { GrantString, type HostFunctionGrant } from '@torii/contracts';
import type { z } from 'zod';

export type GrantText = z.infer<typeof GrantString>;

/** Grants as `name:access`, whichever way they were written; combinations that do not exist grant nothing. */
export function grantsOf(hostFunctions: readonly HostFunctionGrant[]): Set<GrantText> {
  const grants = new Set<GrantText>();
  for (const grant of hostFunctions) {
    const texts = typeof grant === 'string' ? [grant] : grant.access.map((access) => `${grant.name}:${access}`);
    for (const text of texts) {
      const known = GrantString.safeParse(text).data;
      if (known !== undefined) grants.add(known);
    }
  }
  return grants;
}

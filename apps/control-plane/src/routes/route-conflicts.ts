import { defaultWorkspace } from '@torii/contracts';
import type { Transaction } from '../prisma/prisma.service.js';

/** How many routes a warning names. */
const namedMax = 5;

/**
 * A sentence about the enabled routes that only a name tells apart from this one; undefined when there are none. Not an
 * error: which one wins is settled, but seldom meant.
 */
export async function conflictWarning(
  tx: Transaction,
  route: { readonly id: string; readonly name: string; readonly enabled: boolean; readonly matchKeys: readonly string[] },
): Promise<string | undefined> {
  if (!route.enabled || route.matchKeys.length === 0) return undefined;
  const rows = await tx.route.findMany({
    where: { workspace: defaultWorkspace, enabled: true, id: { not: route.id }, matchKeys: { hasSome: [...route.matchKeys] } },
    select: { name: true },
    orderBy: { name: 'asc' },
    take: namedMax + 1,
  });
  if (rows.length === 0) return undefined;
  const names = rows.slice(0, namedMax).map(({ name }) => name);
  const first = [route.name, ...names].sort()[0] ?? route.name;
  const others = `${names.join(', ')}${rows.length > namedMax ? ' and more' : ''}`;
  return `takes the same requests as ${others}: "${first}" answers them, because its name sorts first; set a priority, or change a match`;
}

import { defaultWorkspace } from '@torii/contracts';
import type { Transaction } from '../prisma/prisma.service.js';

/** How many routes a warning names. */
const namedMax = 5;
/** With how many of those that are there many routes at once are compared: the first by name. */
const comparedMax = 20_000;
/** Keys in one statement: the database knows no more than 65,535 parameters. */
const keysInStatementMax = 10_000;

export interface WrittenRoute {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly matchKeys: readonly string[];
}

type Rival = Pick<WrittenRoute, 'id' | 'name' | 'matchKeys'>;

/**
 * For each route that is about to be written, by its id, a sentence about the enabled routes, there or written with it, that
 * only a name tells apart from it. Not an error: which one wins is settled, but seldom meant.
 */
export async function conflictWarnings(tx: Transaction, written: readonly WrittenRoute[]): Promise<Map<string, string>> {
  const enabled = written.filter(({ enabled }) => enabled);
  const keys = [...new Set(enabled.flatMap(({ matchKeys }) => matchKeys))];
  const own = new Set(written.map(({ id }) => id));
  // With a single route whatever is found is a rival of it.
  const there = keys.length === 0 ? [] : await rivalsWith(tx, keys, { own, max: written.length === 1 ? namedMax + 1 : comparedMax });
  const byKey = namesByKey([...there, ...enabled]);
  const warnings = enabled.map((route) => [route.id, warningFor(route, byKey)] as const);
  return new Map(warnings.flatMap(([id, warning]) => (warning === undefined ? [] : [[id, warning] as const])));
}

async function rivalsWith(tx: Transaction, keys: readonly string[], { own, max }: { readonly own: ReadonlySet<string>; readonly max: number }) {
  const rivals = new Map<string, Rival>();
  for (let from = 0; from < keys.length; from += keysInStatementMax) {
    const rows = await tx.route.findMany({
      where: {
        workspace: defaultWorkspace,
        enabled: true,
        id: { notIn: [...own] },
        matchKeys: { hasSome: keys.slice(from, from + keysInStatementMax) },
      },
      select: { id: true, name: true, matchKeys: true },
      orderBy: { name: 'asc' },
      take: max,
    });
    for (const row of rows) rivals.set(row.id, row);
  }
  return [...rivals.values()];
}

/** No more names for a key than a warning looks at: a thousand routes may take the very same requests. */
function namesByKey(routes: readonly Rival[]): ReadonlyMap<string, readonly string[]> {
  const byKey = new Map<string, string[]>();
  for (const { name, matchKeys } of [...routes].sort((one, other) => (one.name < other.name ? -1 : 1))) {
    for (const key of matchKeys) {
      const names = byKey.get(key);
      if (names === undefined) byKey.set(key, [name]);
      else if (names.length < namedMax + 2) names.push(name);
    }
  }
  return byKey;
}

function warningFor(route: WrittenRoute, byKey: ReadonlyMap<string, readonly string[]>): string | undefined {
  const found = new Set(route.matchKeys.flatMap((key) => byKey.get(key) ?? []));
  found.delete(route.name);
  if (found.size === 0) return undefined;
  const names = [...found].sort();
  const named = names.slice(0, namedMax);
  const first = [route.name, ...named].sort()[0] ?? route.name;
  const others = `${named.join(', ')}${names.length > namedMax ? ' and more' : ''}`;
  return `takes the same requests as ${others}: "${first}" answers them, because its name sorts first; set a priority, or change a match`;
}

import { isOriginTag, nameWithMark, originTag } from './entity-names.js';

interface Placed {
  readonly origin: string;
  readonly wish: string;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
}

export interface Place {
  readonly name: string;
  /** What is to be changed; undefined for what is new. */
  readonly id: string | undefined;
  /** Whether that was made by hand. */
  readonly isConflict: boolean;
}

/** The names of which `placeEntities` needs to know who has them, and the tags. */
export function placesToLookUp(entities: readonly Placed[]): { readonly names: string[]; readonly tags: string[] } {
  return {
    names: [...new Set(entities.flatMap(({ wish, origin }) => [wish, nameWithMark(wish, origin)]))],
    tags: entities.map(({ origin }) => originTag(origin)),
  };
}

/**
 * Where each entity goes, by its origin: to what an earlier import has made of it, whatever that is called now, or to a name
 * of its own; no two to the same. A name that another entity of an import has gets a mark behind it; one that somebody has given by hand is a conflict.
 */
export function placeEntities(entities: readonly Placed[], rows: readonly Row[]): ReadonlyMap<string, Place> {
  const sorted = [...rows].sort((one, other) => (one.name < other.name ? 1 : -1));
  const byTag = new Map(sorted.flatMap((row) => row.tags.map((tag) => [tag, row] as const)));
  const byName = new Map(sorted.map((row) => [row.name, row]));
  const places = new Map<string, Place>();
  const given = new Set<string>();
  for (const { origin } of entities) {
    const row = byTag.get(originTag(origin));
    if (row === undefined || given.has(row.name)) continue;
    places.set(origin, { name: row.name, id: row.id, isConflict: false });
    given.add(row.name);
  }
  for (const { origin, wish } of entities) {
    if (places.has(origin)) continue;
    const isFree = !given.has(wish) && !isImported(byName.get(wish));
    const name = isFree ? wish : nameWithMark(wish, origin);
    const row = byName.get(name);
    places.set(origin, { name, id: row?.id, isConflict: row !== undefined });
    given.add(name);
  }
  return places;
}

function isImported(row: Row | undefined): boolean {
  return row?.tags.some(isOriginTag) ?? false;
}

import { BuildOutcome } from '@torii/contracts';

/**
 * An outcome as the database can keep it: compilers quote sources, and those may hold what PostgreSQL has no place for,
 * a NUL or half of a surrogate pair. U+FFFD stands where they stood.
 */
export function storableOutcome(outcome: BuildOutcome): BuildOutcome {
  return BuildOutcome.parse(storable(outcome));
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\u{fffd}').toWellFormed();
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [storable(name), storable(field)]));
}

import { BuildLogEntry, type BuildStatus } from '@torii/contracts';

/** An entry with the id it was streamed with; `<ms>-<n>`, growing. */
export interface NumberedEntry {
  readonly id: string;
  readonly entry: BuildLogEntry;
}

/** A log as a build's row keeps it: a line per entry, its id and its JSON. */
export function keepLog(entries: readonly NumberedEntry[]): string {
  return entries.map(({ id, entry }) => `${id} ${JSON.stringify(entry)}\n`).join('');
}

export function keptLog(text: string): NumberedEntry[] {
  return text.split('\n').flatMap((line) => {
    const space = line.indexOf(' ');
    return space < 0 ? [] : [{ id: line.slice(0, space), entry: BuildLogEntry.parse(JSON.parse(line.slice(space + 1))) }];
  });
}

/**
 * What builders have said, and the end, which only the control plane can say: a build is over when its version is there
 * for those who follow it. An end that a builder wrote is left out.
 */
export function completeLog(said: readonly NumberedEntry[], end: { readonly at: Date; readonly status: BuildStatus }): NumberedEntry[] {
  const entries = said.filter(({ entry }) => entry.type !== 'end');
  const at = end.at.toISOString();
  const closing: BuildLogEntry[] = [
    ...(end.status === 'succeeded' ? [{ type: 'stage', at, stage: 'publishing' } as const] : []),
    { type: 'stage', at, stage: 'done' },
    { type: 'end', at, status: end.status },
  ];
  const lastMs = Number(entries.at(-1)?.id.split('-')[0] ?? 0);
  const firstMs = Math.max(end.at.getTime(), lastMs + 1);
  return [...entries, ...closing.map((entry, index) => ({ id: `${firstMs}-${index}`, entry }))];
}

/** Whether an entry comes after the one with that id; everything comes after an id that is none. */
export function isAfter(id: string, known: string | undefined): boolean {
  const [ms, n] = partsOf(id);
  const [knownMs, knownN] = partsOf(known ?? '');
  return ms > knownMs || (ms === knownMs && n > knownN);
}

function partsOf(id: string): readonly [bigint, bigint] {
  const match = /^(\d{1,20})-(\d{1,20})$/.exec(id);
  return match === null ? [-1n, -1n] : [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0)];
}

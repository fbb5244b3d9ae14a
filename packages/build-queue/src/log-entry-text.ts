import { BuildLogEntry, buildLogLimits } from '@torii/contracts';
import { parseJson } from './parse-json.js';

/** The field of a stream's entry that holds a `BuildLogEntry` as JSON. */
export const entryField = 'entry';

export interface StoredEntry {
  /** Grows from entry to entry. */
  readonly id: string;
  readonly entry: BuildLogEntry;
}

export interface LogPage {
  readonly entries: readonly StoredEntry[];
  /** Of its last entry, readable or not; undefined when it is empty. */
  readonly lastId: string | undefined;
}

/** What a stream answered; entries that cannot be read are skipped. */
export function pageOf(answer: readonly (readonly [string, readonly string[]])[]): LogPage {
  const entries = answer.flatMap(([id, fields]) => {
    const entry = BuildLogEntry.safeParse(parseJson(fields[fields.indexOf(entryField) + 1] ?? '')).data;
    return entry === undefined ? [] : [{ id, entry }];
  });
  return { entries, lastId: answer.at(-1)?.[0] };
}

/** The text cut to what a line of the log may have (bytes of UTF-8), between two characters, saying so. */
export function cutLine(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= buildLogLimits.lineMaxBytes) return text;
  const mark = ' …(cut)';
  let end = buildLogLimits.lineMaxBytes - Buffer.byteLength(mark);
  // Not in the middle of a character: its further bytes begin with 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + mark;
}

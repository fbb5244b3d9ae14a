import type { FieldIssue } from '@torii/contracts';
import { jsonPointer } from './json-pointer.js';

/** Deeper than any configuration; what is parsed or compared further down recurses. */
const depthMax = 64;

/** PostgreSQL holds no NUL in texts, and no half of a surrogate pair in JSON. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** The first place in a JSON value that the database cannot hold, or that lies too deep; undefined when there is none. */
export function storageIssue(value: unknown, path: readonly string[] = []): FieldIssue | undefined {
  const issue = (detail: string): FieldIssue => ({ pointer: jsonPointer(path), detail });
  if (typeof value === 'string') return isStorableText(value) ? undefined : issue('holds a NUL or half of a surrogate pair');
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length >= depthMax) return issue(`is nested more than ${depthMax} levels deep`);
  for (const [name, field] of Object.entries(value)) {
    if (!isStorableText(name)) return issue('has a field whose name holds a NUL or half of a surrogate pair');
    const found = storageIssue(field, [...path, name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

import { canonicalJson } from '@torii/config-sync';
import { type FieldIssue, isIdOf, namePattern } from '@torii/contracts';
import { suggestion } from '@torii/module-check';
import type { z } from 'zod';
import { invalid } from '../http/invalid.js';
import { jsonPointer } from '../http/json-pointer.js';
import { isJsonObject, type JsonObject, mergePatch } from '../http/merge-patch.js';
import { fieldsAt } from '../http/schema-keys.js';
import { fieldIssues } from '../http/zod-issues.js';

export interface EntityInput<Schema extends z.ZodObject> {
  readonly schema: Schema;
  /** Set by us. A caller may send them back unchanged, so that what GET answers can be edited and PUT. */
  readonly readOnly: readonly string[];
  /** The entity as it is answered now; undefined when it is being created. */
  readonly current?: JsonObject;
  /** The name in the path, for a body without one. */
  readonly name?: string;
  /** What rules beyond the schema refuse, of fields of any shape: asked where the schema refuses some, so that all is told at once. */
  readonly beyond?: (fields: JsonObject) => FieldIssue[];
}

/** The entity a body describes as a whole. Throws `client.invalid` with every problem. */
export function readEntity<Schema extends z.ZodObject>(body: JsonObject, input: EntityInput<Schema>): z.infer<Schema> {
  const issues: FieldIssue[] = [];
  // A null prototype: a field named __proto__ is a field like any other, and as unknown.
  const fields: Record<string, unknown> = Object.assign(Object.create(null), input.name === undefined ? {} : { name: input.name });
  for (const [name, value] of Object.entries(body)) {
    if (!input.readOnly.includes(name)) fields[name] = value;
    else if (input.current === undefined) issues.push({ pointer: `/${name}`, detail: 'is set by the server: leave it out' });
    else if (canonicalJson(value ?? null) !== canonicalJson(input.current[name])) {
      issues.push({ pointer: `/${name}`, detail: `is set by the server and is now ${canonicalJson(input.current[name])}: leave it out` });
    }
  }
  const parsed = input.schema.safeParse(fields);
  if (!parsed.success) issues.push(...fieldIssues(parsed.error, input.schema));
  if (issues.length > 0) issues.push(...elsewhere(issues, input.beyond?.(fields) ?? []));
  if (issues.length > 0 || !parsed.success) throw invalid(issues);
  return parsed.data;
}

/** Of what is wrong with a field one thing is enough. */
function elsewhere(issues: readonly FieldIssue[], more: readonly FieldIssue[]): FieldIssue[] {
  const told = new Set(issues.map(({ pointer }) => pointer));
  return more.filter(({ pointer }) => !told.has(pointer));
}

/** The entity with a merge patch (RFC 7396) applied: null takes a field back to its default. */
export function readPatch<Schema extends z.ZodObject>(
  patch: JsonObject,
  input: EntityInput<Schema> & { readonly current: JsonObject },
): z.infer<Schema> {
  // Merging would drop the null of a mistyped name without a word.
  const issues = unknownNulls(patch, input, []);
  if (issues.length > 0) throw invalid(issues);
  const merged = mergePatch(input.current, patch);
  return readEntity(isJsonObject(merged) ? merged : {}, input);
}

function unknownNulls(patch: JsonObject, input: EntityInput<z.ZodObject>, path: readonly string[]): FieldIssue[] {
  const known = fieldsAt(input.schema, path);
  return Object.entries(patch).flatMap(([name, value]): FieldIssue[] => {
    if (isJsonObject(value)) return unknownNulls(value, input, [...path, name]);
    if (value !== null || known.length === 0 || known.includes(name)) return [];
    if (path.length === 0 && input.readOnly.includes(name)) return [{ pointer: `/${name}`, detail: 'is set by the server' }];
    const detail = `there is no field "${name}" here${suggestion(name, known)}`;
    return [{ pointer: jsonPointer([...path, name]), detail, code: 'unknown_field' }];
  });
}

/** The name a PUT to a path that names nothing yet creates; undefined when the path is an id, or no name at all. */
export function nameToCreate(kind: 'plugin' | 'route' | 'function', reference: string): string | undefined {
  return !isIdOf(kind, reference) && namePattern.test(reference) ? reference : undefined;
}

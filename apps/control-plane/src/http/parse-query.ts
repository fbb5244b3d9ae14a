import type { z } from 'zod';
import { invalid } from './invalid.js';
import { storageIssue } from './storable.js';
import { fieldIssues } from './zod-issues.js';

/** Parses query parameters; throws `client.invalid` whose pointers are `?name`, also for a parameter there is not. */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.infer<Schema> {
  const issue = storageIssue(query);
  if (issue !== undefined) throw invalid([{ ...issue, pointer: `?${issue.pointer.slice(1)}` }]);
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw invalid(fieldIssues(parsed.error, schema, (path) => `?${String(path[0] ?? '')}`));
}

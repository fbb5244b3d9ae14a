import type { z } from 'zod';
import { invalid } from './invalid.js';
import { fieldIssues } from './zod-issues.js';

/** Parses query parameters; throws `client.invalid` whose pointers are `?name`, also for a parameter there is not. */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw invalid(fieldIssues(parsed.error, schema, (path) => `?${String(path[0] ?? '')}`));
}

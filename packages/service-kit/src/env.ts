import { z } from 'zod';
import { Secret } from './secret.js';

/** Thrown by `parseEnv` with every problem of the environment at once, one per line. */
export class EnvError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'EnvError';
  }
}

/**
 * Parses the process environment by a flat schema of variable names.
 *
 * Throws one `EnvError` that lists all problems. A variable that is set but empty is a problem, never "".
 */
export function parseEnv<Schema extends z.ZodObject>(schema: Schema, source: Record<string, string | undefined>): z.infer<Schema> {
  const names = Object.keys(schema.shape);
  const empty = names.filter((name) => source[name] === '');
  const result = schema.safeParse(Object.fromEntries(names.filter((name) => !empty.includes(name)).map((name) => [name, source[name]])));
  const problems = empty.map((name) => `${name} is set but empty: give it a value or unset it`);
  for (const issue of result.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (!empty.includes(name)) problems.push(`${name}: ${issue.message}`);
  }
  if (problems.length > 0 || !result.success) throw new EnvError(problems);
  return result.data;
}

/** Building blocks for the schemas of the apps. */
export const envVar = {
  port: () => z.coerce.number().int().min(0).max(65_535),
  positiveInt: () => z.coerce.number().int().min(1),
  durationMs: () => z.coerce.number().int().min(1).max(86_400_000),
  url: (...protocols: string[]) =>
    z
      .string()
      .refine(
        (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1)),
        `must be a URL that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
      ),
  secret: (minLength = 1) =>
    z
      .string()
      .min(minLength)
      .transform((value) => new Secret(value)),
  flag: () => z.enum(['true', 'false']).transform((value) => value === 'true'),
  list: () =>
    z.string().transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
};

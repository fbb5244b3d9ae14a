import { AppError } from '@torii/contracts';
import type { z } from 'zod';
import type { CompatRules } from './compat-rules.js';
import { type OutputValue, outputValueOf, type ParsedOutput } from './parse-output.js';

/**
 * Reads a guest's output as Otoroshi does: a field that cannot be read counts as not given, and what is no object as one
 * without fields. Throws `plugin.bad_output` for an output that is no JSON, unless the rules take that too.
 */
export function parseAsOtoroshi<Schema extends z.ZodObject>(bytes: Uint8Array, schema: Schema, rules: CompatRules): ParsedOutput<z.infer<Schema>> {
  const { value, isLenient } = valueUnder(rules, bytes);
  const fields = new Map(Object.entries({ ...rules.defaults, ...(isObject(value) ? value : {}) }));
  const first = schema.safeParse(Object.fromEntries(fields));
  if (first.success) return { output: first.data, isLenient };
  for (const { path } of first.error.issues) {
    const name = String(path[0]);
    if (name in rules.defaults) fields.set(name, rules.defaults[name]);
    else fields.delete(name);
  }
  const second = schema.safeParse(Object.fromEntries(fields));
  if (second.success) return { output: second.data, isLenient };
  throw new AppError('plugin.bad_output', { detail: `the output lacks ${second.error.issues[0]?.path.join('/') ?? 'a field'}` });
}

function valueUnder(rules: CompatRules, bytes: Uint8Array): OutputValue {
  try {
    return outputValueOf(bytes);
  } catch (error) {
    if (rules.takesNoJson) return { value: undefined, isLenient: true };
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

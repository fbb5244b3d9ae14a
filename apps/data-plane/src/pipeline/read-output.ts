import type { z } from 'zod';
import type { BoundPlugin } from './bound-plugin.js';
import { parseAsOtoroshi } from './parse-as-otoroshi.js';
import { type ParsedOutput, parseOutput } from './parse-output.js';

/** Reads a plugin's output in the way its `compat` asks for; throws `plugin.bad_output`. `plain` is as for `parseOutput`. */
export function readOutput<Schema extends z.ZodObject>(
  { compat }: Pick<BoundPlugin, 'compat'>,
  bytes: Uint8Array,
  schema: Schema,
  plain?: (value: unknown) => z.infer<Schema> | undefined,
): ParsedOutput<z.infer<Schema>> {
  return compat === undefined ? parseOutput(bytes, schema, plain) : parseAsOtoroshi(bytes, schema, compat);
}

import { z } from 'zod';
import type { Guest } from '../guest.js';

/** JSON that a guest hands over is parsed in one go, so it is bounded; as a list of numbers a body of 1 MiB fits. */
const jsonMaxBytes = 4 * 1024 * 1024;
/** The longest key of a store (bytes of UTF-8). */
export const keyMaxBytes = 4_096;

const decoder = new TextDecoder();

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The JSON in these bytes, or undefined when it is too long or cannot be parsed. */
export function jsonOf(bytes: Uint8Array): unknown {
  if (bytes.length > jsonMaxBytes) return undefined;
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
}

/** A key inside of a JSON argument. */
export const Key = z.string().refine((key) => Buffer.byteLength(key) <= keyMaxBytes, `must have at most ${keyMaxBytes} bytes`);

/** The text a guest points to. Undefined when there is none or it is too long: `bad_argument` is noted then. */
export function readText(guest: Guest, [pointer = 0, length = 0]: readonly number[], maxBytes = keyMaxBytes): string | undefined {
  if (length > maxBytes) {
    guest.refuse('bad_argument', `the argument has more than ${maxBytes} bytes`);
    return undefined;
  }
  const bytes = guest.take(pointer, length);
  return bytes === undefined ? undefined : textOf(bytes);
}

/** The JSON a guest points to, by its schema. Undefined when it is none or another: `bad_argument` is noted then. */
export function readJson<Schema extends z.ZodType>(
  guest: Guest,
  [pointer = 0, length = 0]: readonly number[],
  schema: Schema,
): z.infer<Schema> | undefined {
  const bytes = guest.take(pointer, length);
  if (bytes === undefined) return undefined;
  const value = jsonOf(bytes);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at /${issue.path.join('/').slice(0, 200)}`;
  guest.refuse('bad_argument', value === undefined ? `the argument is no JSON of at most ${jsonMaxBytes} bytes` : `${issue?.message}${place}`);
  return undefined;
}

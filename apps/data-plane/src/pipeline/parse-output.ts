import { AppError } from '@torii/contracts';
import JSON5 from 'json5';
import type { z } from 'zod';
import { excessOf } from './json-bounds.js';

/**
 * Longer outputs must be strict JSON. The bytes are the guest's to choose, and a megabyte that is almost JSON would hold the
 * thread for a tenth of a second before it is refused.
 */
const lenientMaxBytes = 256 * 1024;
/** JSON5 reads character by character. */
const json5MaxBytes = 64 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });
const shortMaxBytes = 64 * 1024;
const byteOrderMark = 0xfeff;

export interface ParsedOutput<Output> {
  readonly output: Output;
  /** It was JSON5, or had `\"` outside strings, as hand-written guests print it. */
  readonly isLenient: boolean;
}

/**
 * Reads a guest's output by the schema of its plugin's kind; throws `plugin.bad_output` and nothing else. `plain` answers
 * values that need no schema, as the schema would.
 */
export function parseOutput<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
  plain?: (value: unknown) => z.infer<Schema> | undefined,
): ParsedOutput<z.infer<Schema>> {
  const { value, isLenient } = outputValueOf(bytes);
  const output = plain?.(value);
  if (output !== undefined) return { output, isLenient };
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badOutput(`at /${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'invalid'}`);
  }
  return { output: parsed.data, isLenient };
}

export interface OutputValue {
  readonly value: unknown;
  readonly isLenient: boolean;
}

/** The JSON of a guest's output; throws `plugin.bad_output` and nothing else. */
export function outputValueOf(bytes: Uint8Array): OutputValue {
  if (bytes.length === 0) throw badOutput('the plugin wrote no output');
  return read(decode(bytes), bytes.length);
}

function read(text: string, sizeBytes: number): OutputValue {
  const strict = jsonOf(text);
  if (strict !== undefined) return { value: strict, isLenient: false };
  if (sizeBytes > lenientMaxBytes) throw badOutput('the output is not JSON');
  const quoted = jsonOf(withQuotedNames(text));
  if (quoted !== undefined) return { value: quoted, isLenient: true };
  if (sizeBytes > json5MaxBytes) throw badOutput('the output is not JSON');
  try {
    return { value: JSON5.parse(text), isLenient: true };
  } catch {
    throw badOutput('the output is not JSON');
  }
}

/** The value, or undefined when the text is no JSON. Throws `plugin.bad_output` for one that takes too long to read. */
function jsonOf(text: string): unknown {
  const excess = excessOf(text);
  if (excess !== undefined) throw badOutput(`the output takes too long to read: ${excess}`);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const stringOrOddity = /"[^"\\]*(?:\\.[^"\\]*)*"|\\"|([{,]\s*)([A-Za-z_$][\w$]*)(?=\s*:)/gs;

/**
 * Makes JSON of what hand-written guests print most: names without quotes, and strings that begin and end with `\"`.
 * Ordinary strings stay as they are. One pass, so that a long answer in such a frame costs little more than JSON.
 */
function withQuotedNames(text: string): string {
  return text.replace(stringOrOddity, (found: string, before: string | undefined, name: string | undefined) => {
    if (name !== undefined) return `${before}"${name}"`;
    return found === '\\"' ? '"' : found;
  });
}

/**
 * A short text is decoded by what node has for buffers, quicker than a TextDecoder; one that may have been invalid, or
 * begins with a byte order mark, is decoded again by the decoder, which knows.
 */
function decode(bytes: Uint8Array): string {
  if (bytes.length <= shortMaxBytes) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    if (!text.includes('\ufffd') && text.charCodeAt(0) !== byteOrderMark) return text;
  }
  try {
    return utf8.decode(bytes);
  } catch {
    throw badOutput('the output is not UTF-8');
  }
}

function badOutput(detail: string): AppError {
  return new AppError('plugin.bad_output', { detail });
}

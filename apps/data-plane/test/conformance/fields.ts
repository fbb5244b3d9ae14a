/** One line of a head or a trailer section: the name as it was spelled, the value without the white space around it. */
export type Field = readonly [name: string, value: string];

export interface Fields {
  readonly fields: readonly Field[];
  /** Where the bytes after the empty line begin. */
  readonly end: number;
}

export const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible characters, spaces, tabs and obs-text (RFC 9110 section 5.5); CR, LF, NUL and all other controls are none of them. */
export const textPattern = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Reads the lines up to an empty one, each ended by CRLF and nothing else (RFC 9112 sections 2.2 and 5). `text` has one character for
 * each byte. Answers undefined when there is no empty line yet, and a text that says what is wrong with a line.
 */
export function readFields(text: string, start: number): Fields | string | undefined {
  const fields: Field[] = [];
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    if (lineEnd === at) return { fields, end: at + 2 };
    const field = fieldOf(text.slice(at, lineEnd));
    if (typeof field === 'string') return field;
    fields.push(field);
    at = lineEnd + 2;
  }
}

/** Values of all fields of that name, in their order. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}

/** The members of a list that may be spread over several fields (RFC 9110 section 5.6.1), in lower case. */
export function listOf(fields: readonly Field[], name: string): string[] {
  return valuesOf(fields, name)
    .flatMap((value) => value.split(','))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

function fieldOf(line: string): Field | string {
  const colonAt = line.indexOf(':');
  if (colonAt === -1) return 'a field line without a colon';
  const name = line.slice(0, colonAt);
  // Also refuses white space before the colon, and a line that goes on with another's value (obs-fold).
  if (!tokenPattern.test(name)) return 'a field name that is no token';
  const value = line.slice(colonAt + 1);
  if (!textPattern.test(value)) return 'a control character in a field value';
  return [name, value.replace(/^[ \t]+|[ \t]+$/g, '')];
}

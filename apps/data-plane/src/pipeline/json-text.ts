// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON escapes
const escaped = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** What `JSON.stringify` makes of a string; quicker for the short ones without anything to escape that requests consist of. */
export function jsonString(text: string): string {
  return escaped.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** The same without the quotes, for a part of a string. */
export function jsonPart(text: string): string {
  return escaped.test(text) ? JSON.stringify(text).slice(1, -1) : text;
}

/** An object's members as they stand in its JSON. */
export function membersOf(object: object): string {
  return JSON.stringify(object).slice(1, -1);
}

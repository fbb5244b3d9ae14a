/**
 * Sequences that terminals act on, with what they carry, such as titles (ECMA-48, 5.4 and 5.6). No two parts of it match
 * the same, so that no text takes more time than its length.
 */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be removed.
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0090-\u009f]*(?:\u0007|\u001b\\|\u009c)/g;
/** All other control characters but the tabulator, and those that turn the direction of text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be replaced.
const unshown = /[\0-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** One line as it may be shown anywhere: colours are taken out, and U+FFFD stands where another control character stood. */
export function shownLine(text: string): string {
  return text.replace(sequences, '').replace(unshown, '\u{fffd}').toWellFormed();
}

/** The same for text of several lines. */
export function shownText(text: string): string {
  return text.split(/\r?\n/).map(shownLine).join('\n');
}

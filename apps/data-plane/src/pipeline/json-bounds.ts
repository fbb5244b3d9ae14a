/** JSON of at most this many characters is read whatever it consists of: at worst some 20 ms. */
const trustedMaxChars = 65_536;
/** Objects, arrays, and members of objects, together. Each takes one to four microseconds to read, check and write again. */
const partsMax = 100_000;
/** Of lists, and members again: what follows a comma. Each takes half a microsecond at most. */
const elementsMax = 1_000_000;
const nestingMax = 1_000;

const betterForm = 'a large body is better given as body_str or body_base64';

const code = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/**
 * What makes this JSON too dear to read on a thread that serves others, or undefined. Ten million characters are read in
 * 20 ms if they are one string, and in half a minute if they are arrays within arrays.
 *
 * One pass that passes over strings. Of text that is no JSON it may say anything.
 */
export function excessOf(text: string): string | undefined {
  if (text.length <= trustedMaxChars) return undefined;
  let parts = 0;
  let elements = 0;
  let nesting = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case code.quote:
        at = endOfString(text, at + 1);
        break;
      case code.openArray:
      case code.openObject:
        parts += 1;
        nesting += 1;
        break;
      case code.closeArray:
      case code.closeObject:
        nesting -= 1;
        break;
      case code.colon:
        parts += 1;
        break;
      case code.comma:
        elements += 1;
        break;
    }
    if (nesting > nestingMax) return `it is nested more than ${nestingMax} deep`;
    if (parts > partsMax) return `it has more than ${partsMax} objects, arrays and members; ${betterForm}`;
    if (elements > elementsMax) return `its lists have more than ${elementsMax} elements; ${betterForm}`;
  }
  return undefined;
}

/** The place of the quote that ends the string which begins at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let from = start; ; ) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (quote - backslashes > start && text.charCodeAt(quote - backslashes - 1) === code.backslash) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
}

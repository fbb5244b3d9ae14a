/** A piece of Go source; blanks are left out. A line break is a mark of its own, because it can end a declaration. */
export interface GoToken {
  readonly kind: 'comment' | 'string' | 'word' | 'mark' | 'break';
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly offset: number;
  /** Where it begins, from 1. */
  readonly line: number;
}

/** In this order: a comment begins like a division, and a raw string may hold anything but its own quote. */
const patterns: readonly (readonly [GoToken['kind'] | undefined, RegExp])[] = [
  ['comment', /\/\/[^\n]*/y],
  ['comment', /\/\*[\s\S]*?(?:\*\/|$)/y],
  ['string', /`[^`]*(?:`|$)/y],
  ['string', /"(?:[^"\\\n]|\\.)*"?/y],
  ['string', /'(?:[^'\\\n]|\\.)*'?/y],
  ['word', /[\p{L}\p{N}_]+/uy],
  ['break', /\n/y],
  [undefined, /[^\S\n]+/y],
  ['mark', /[\s\S]/y],
];

/** Splits Go source, well-formed or not, as https://go.dev/ref/spec#Lexical_elements says. Never throws. */
export function scanGo(source: string): GoToken[] {
  const tokens: GoToken[] = [];
  let offset = 0;
  let line = 1;
  while (offset < source.length) {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = offset;
      const text = pattern.exec(source)?.[0];
      if (text === undefined || text === '') continue;
      if (kind !== undefined) tokens.push({ kind, text, offset, line });
      line += countBreaks(text);
      offset += text.length;
      break;
    }
  }
  return tokens;
}

function countBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

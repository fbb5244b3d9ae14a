import { readFileSync } from 'node:fs';

/** A function that the documentation shows. */
export interface DocumentedFunction {
  /** The document, and the how-manieth it is there. */
  readonly name: string;
  readonly language: string;
  readonly source: string;
}

const documents = ['docs/functions.md', 'pdks/assemblyscript/README.md'];
/** A fenced block whose second word is the language of a function. */
const example = /^```\w+ (?<language>javascript|typescript|assemblyscript|wat)\n(?<source>[\s\S]*?)^```$/gm;

/** All of them, of languages that need no toolchain. */
export function documentedFunctions(): DocumentedFunction[] {
  return documents.flatMap((document) => {
    const text = readFileSync(new URL(`../../../${document}`, import.meta.url), 'utf8');
    return [...text.matchAll(example)].map(({ groups }, index) => ({
      name: `${document} ${index + 1}`,
      language: groups?.language ?? '',
      source: groups?.source ?? '',
    }));
  });
}

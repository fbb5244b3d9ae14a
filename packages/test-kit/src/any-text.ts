import fc from 'fast-check';

const character = fc.oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }));

/**
 * Texts of any Unicode characters, without halves of surrogate pairs; at most so many characters, ten when left out. What fast-check
 * has for that makes a table of all 1.1 million characters first, which takes longer than most of the tests that use it.
 */
export function anyText(maxLength = 10): fc.Arbitrary<string> {
  return fc.array(character, { maxLength }).map((points) => String.fromCodePoint(...points));
}

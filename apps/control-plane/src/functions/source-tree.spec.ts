import { describe, expect, it } from '@jest/globals';
import { type SourceFile, SourceTree } from '@torii/contracts';
import { anyText } from '@torii/test-kit';
import fc from 'fast-check';
import { bytesOf, fileOf } from './file-bytes.js';
import { checkedTree, treeOf } from './source-tree.js';

const file = (path: string, content = ''): SourceFile => ({ path, content, encoding: 'utf8' });

function detailsOf(files: readonly SourceFile[]): string[] {
  try {
    checkedTree(files, 'json');
    return [];
  } catch (error) {
    return (error as { issues: { detail: string }[] }).issues.map(({ detail }) => detail);
  }
}

describe('fileOf and bytesOf', () => {
  it('give every sequence of bytes back, in what the database can hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const kept = fileOf('a', Buffer.from(bytes));
        expect(kept.content).not.toContain('\0');
        expect(kept.content.isWellFormed()).toBe(true);
        expect(new Uint8Array(bytesOf(kept))).toEqual(bytes);
      }),
    );
  });

  it('keep every text that is UTF-8 as text', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        fc.pre(!text.includes('\0'));
        expect(fileOf('a', Buffer.from(text))).toEqual({ path: 'a', content: text, encoding: 'utf8' });
      }),
    );
  });

  it('keep each half of a surrogate pair as three bytes, and all else as UTF-8', () => {
    const units = fc.string({ unit: fc.constantFrom('a', '\ud83d', '\ude00', '\ufffd', '\0', 'é', '\u{1f600}') });
    fc.assert(
      fc.property(units, (text) => {
        const characters = [...text].map((one) => {
          const unit = one.charCodeAt(0);
          return one.isWellFormed() ? Buffer.from(one) : Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]);
        });
        expect(bytesOf(file('x', text)).equals(Buffer.concat(characters))).toBe(true);
      }),
    );
  });

  it('never make one of two texts that differ', () => {
    const units = fc.string({ unit: fc.constantFrom('a', '\ud83d', '\ude00', '\ufffd', '\0', 'é'), maxLength: 6 });
    fc.assert(
      fc.property(units, units, (a, b) => {
        expect(bytesOf(file('x', a)).equals(bytesOf(file('x', b)))).toBe(a === b);
      }),
    );
  });
});

describe('treeOf', () => {
  it('does not depend on the order of the files, and is right by its own schema', () => {
    const files = fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z]{1,5}$/), content: fc.string() }), { selector: ({ name }) => name });
    fc.assert(
      fc.property(files, (given) => {
        const made = given.map(({ name, content }) => file(name, content));
        const tree = treeOf(made);
        expect(treeOf([...made].reverse())).toEqual(tree);
        expect(treeOf(tree.tree.files)).toEqual(tree);
        expect(SourceTree.parse(tree.tree)).toEqual(tree.tree);
      }),
    );
  });
});

describe('checkedTree', () => {
  it('refuses what cannot stand beside each other, whatever the case', () => {
    expect(detailsOf([file('a'), file('a')])).toEqual(['the file "a" is there twice']);
    expect(detailsOf([file('src/A.ts'), file('SRC/a.ts')])).toEqual([expect.stringContaining('differ only by case')]);
    expect(detailsOf([file('a/b/c'), file('A/B')])).toEqual([expect.stringContaining('a folder of "a/b/c"')]);
    expect(detailsOf([file('a/b'), file('a/c'), file('ab')])).toEqual([]);
  });
});

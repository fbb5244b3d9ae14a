import { describe, expect, it } from '@jest/globals';
import { FilePath } from './source-file.js';

describe('FilePath', () => {
  it.each(['index.ts', 'src/lib.rs', 'a/b/c.d', '.eslintrc', 'assembly/index.ts', 'été.js', '@scope/x.js', 'a b.txt'])('takes %s', (path) => {
    expect(FilePath.parse(path)).toBe(path);
  });

  it.each([
    ['', /1/],
    ['/etc/passwd', /relative/],
    ['../x', /\.\. folder/],
    ['a/../../x', /\.\. folder/],
    ['./x', /\.\. folder/],
    ['a//b', /empty folder/],
    ['a/', /empty folder/],
    ['a\\b', /must hold no/],
    ['C:/x', /must hold no/],
    ['a\u0000b', /must hold no/],
    ['a\nb', /must hold no/],
    ['node_modules/x/index.js', /builds fill it/],
    ['sub/Node_Modules/x', /builds fill it/],
    ['.git/hooks/post-checkout', /builds fill it/],
    ['.hg/hgrc', /builds fill it/],
    ['x.', /ends with a dot/],
    ['x'.repeat(300), /255/],
  ])('refuses %j and says why', (path, message) => {
    expect(FilePath.safeParse(path).error?.issues[0]?.message).toMatch(message);
  });

  it('counts the characters of the spelling that is kept, so that what was taken can be read again', () => {
    const grows = Array.from({ length: 5 }, () => '\u0958'.repeat(48)).join('/'); // each becomes two
    expect(grows.length).toBeLessThan(255);
    expect(FilePath.safeParse(grows).error?.issues[0]?.message).toMatch(/255/);
  });

  it('takes one spelling for a name that has two', () => {
    expect(FilePath.parse('e\u0301.js')).toBe('\u00e9.js');
  });
});

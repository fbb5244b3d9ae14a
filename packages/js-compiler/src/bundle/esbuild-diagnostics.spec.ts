import { describe, expect, it } from '@jest/globals';
import { bundle } from './bundle.js';

describe('what esbuild says', () => {
  it('names files in its words as their author knows them', async () => {
    const files = new Map([
      ['index.ts', Buffer.from('import { q } from "./lib/b";\nimport { nothing } from "@torii/pdk";\nexport const run = () => q(nothing);')],
      ['lib/b.ts', Buffer.from('export const z = 1;')],
    ]);
    await expect(bundle({ files, entry: 'index.ts' }, { codeMaxBytes: 1_000_000 })).rejects.toMatchObject({
      message: expect.stringContaining('No matching export in "lib/b.ts" for import "q"'),
      diagnostics: [
        { file: 'index.ts', line: 1, message: 'No matching export in "lib/b.ts" for import "q"' },
        { file: 'index.ts', line: 2, message: expect.stringMatching(/^No matching export in "@torii\/pdk\/index\.\w+" for import "nothing"$/) },
      ],
    });
  });
});

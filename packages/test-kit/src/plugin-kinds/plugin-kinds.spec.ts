import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const folder = new URL('../../plugins/rust/', import.meta.url);
const sums = new Map(
  readFileSync(new URL('SHA256SUMS', folder), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [sha256 = '', name = ''] = line.split(/\s+/);
      return [name, sha256] as const;
    }),
);

describe('the plugins of all kinds', () => {
  it('have a module in Rust that was built from the sources beside it', () => {
    const sources = readdirSync(new URL('src/', folder)).map((name) => `src/${name}`);
    expect([...sums.keys()].sort()).toEqual(['Cargo.lock', 'Cargo.toml', 'plugin-kinds.wasm', ...sources].sort());
    for (const [name, sha256] of sums) {
      const found = createHash('sha256')
        .update(readFileSync(new URL(name, folder)))
        .digest('hex');
      expect([name, found]).toEqual([name, sha256]);
    }
  });
});

import { expect, it } from '@jest/globals';
import { checkLock } from './check-lock.js';

const lockOf = (name: string, source: string): string => `version = 4\n\n[[package]]\nname = "${name}"\nversion = "1.0.0"\n${source}`;
const ours = new Set(['torii-pdk']);

it('takes crates of crates.io, and crates that lie in folders', () => {
  checkLock(lockOf('serde', 'source = "registry+https://github.com/rust-lang/crates.io-index"\n'), ours);
  checkLock(lockOf('torii-pdk', ''), ours);
});

it.each([
  ['a git repository', lockOf('serde', 'source = "git+https://example.com/serde#abc"\n'), /serde from git\+https/],
  ['another registry', lockOf('serde', 'source = "sparse+https://example.com/"\n'), /serde from sparse\+https/],
  ['crates.io, for a crate that is ours', lockOf('torii-pdk', 'source = "registry+https://github.com/rust-lang/crates.io-index"\n'), /torii-pdk/],
  ['nowhere that could be read', 'not a lock', /is not what cargo writes/],
])('refuses a crate from %s', (_, lock, message) => {
  expect(() => checkLock(lock, ours)).toThrow(
    expect.objectContaining({ code: 'build.dependencies_failed', message: expect.stringMatching(message) }),
  );
});

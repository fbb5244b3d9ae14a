import { describe, expect, it } from '@jest/globals';
import { defaultManifest, readManifests } from './manifest.js';
import { skeletonOf } from './skeleton.js';

const head = '[package]\nname = "my-function"\nversion = "0.1.0"\nedition = "2024"\n';
const entry = 'src/lib.rs';

function filesOf(files: Readonly<Record<string, string>>): Map<string, Uint8Array> {
  return new Map(Object.entries({ [entry]: 'pub fn f() {}', ...files }).map(([path, text]) => [path, Buffer.from(text)]));
}

const read = (manifest: string, more: Readonly<Record<string, string>> = {}, begin = entry) =>
  readManifests(filesOf({ 'Cargo.toml': manifest, ...more }), begin);

describe('readManifests', () => {
  it('knows the library, what is depended on by which name, and what the profile says', () => {
    const manifests = read(
      `${head}[lib]\ncrate_type = ["cdylib"]\n[dependencies]\nextism-pdk = "1"\nshort = { package = "a-long-name", version = "2" }\n` +
        '[target."cfg(unix)".dependencies]\nlibc = "0.2"\n[profile.release]\nstrip = false\n',
    );
    expect(manifests.libraryName).toBe('my_function');
    expect([...manifests.dependencies]).toEqual(['extism-pdk', 'a-long-name', 'libc']);
    expect([...manifests.releaseProfile]).toEqual(['strip']);
  });

  it('takes the manifest that it writes itself for a function without one', () => {
    expect([...read(defaultManifest('geo-1', entry)).dependencies]).toContain('torii-pdk');
  });

  it('tells the place of what is no TOML', () => {
    expect(() => read('[package]\nname = \n')).toThrow(
      expect.objectContaining({ code: 'build.compile_failed', diagnostics: [expect.objectContaining({ file: 'Cargo.toml', line: 2 })] }),
    );
  });

  it.each([
    ['no manifest at the top', { 'inner/Cargo.toml': head }, 'build.missing_entry', /no Cargo.toml at the top/],
    ['a workspace without a package', { 'Cargo.toml': '[workspace]\nmembers = []\n' }, 'build.compile_failed', /no \[package\]/],
    ['a library that is not there', { 'Cargo.toml': `${head}[lib]\npath = "lib.rs"\n` }, 'build.missing_entry', /lib\.rs, which is not there/],
    [
      'a library that is not the entry',
      { 'Cargo.toml': `${head}[lib]\npath = "other.rs"\n`, 'other.rs': '' },
      'build.missing_entry',
      /to the same file/,
    ],
    ['a path of the host', { 'Cargo.toml': `${head}[dependencies.a]\npath = "/a"\n` }, 'build.dependencies_failed', /a is at \/a/],
    [
      'a path out of the function',
      { 'Cargo.toml': `${head}[build-dependencies]\na = { path = "../a" }\n` },
      'build.dependencies_failed',
      /a is at \.\.\/a/,
    ],
    ['a path to no crate', { 'Cargo.toml': `${head}[dependencies]\na = { path = "a" }\n` }, 'build.dependencies_failed', /has no Cargo\.toml/],
    [
      'a git repository, in a crate within it',
      { 'Cargo.toml': head, 'a/Cargo.toml': '[package]\nname = "a"\n[target.x.dependencies]\nb = { git = "https://example.com" }\n' },
      'build.dependencies_failed',
      /a\/Cargo\.toml: b is from a git repository/,
    ],
    ['a replacement by git', { 'Cargo.toml': `${head}[replace]\n"a:1.0.0" = { git = "https://example.com" }\n` }, 'build.dependencies_failed', /git/],
    [
      'a dependency of the workspace',
      { 'Cargo.toml': `${head}[workspace.dependencies]\na = { registry = "x" }\n` },
      'build.dependencies_failed',
      /registry/,
    ],
    ['configuration of cargo, anywhere', { 'Cargo.toml': head, 'a/.cargo/config': '' }, 'build.dependencies_failed', /a\/\.cargo\/config/],
    ['a choice of Rust', { 'Cargo.toml': head, 'rust-toolchain': 'nightly' }, 'build.dependencies_failed', /rust-toolchain/],
  ])('refuses %s', (_, files, code, message) => {
    expect(() => readManifests(filesOf(files), entry)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});

describe('skeletonOf', () => {
  const identityOf = (manifest: string, more: Readonly<Record<string, string>> = {}) => {
    const files = filesOf({ 'Cargo.toml': manifest, ...more });
    return skeletonOf(files, readManifests(files, entry));
  };
  const dependencies = '[dependencies]\nextism-pdk = "1"\nserde = { version = "1", features = ["derive"] }\n';

  it('is the same for functions that depend on the same, whatever they are called and hold', () => {
    const one = identityOf(head + dependencies, { 'src/inner.rs': 'one' });
    const reordered = '[dependencies]\nserde = { features = ["derive"], version = "1" }\nextism-pdk = "1"\n';
    const other = identityOf(`[package]\nname = "other"\nversion = "2.0.0"\nedition = "2024"\ndescription = "x"\n${reordered}`);
    expect(JSON.stringify(other.identity)).toBe(JSON.stringify(one.identity));
  });

  it.each([
    ['other features', head + dependencies.replace('derive', 'rc')],
    ['another edition', head.replace('2024', '2021') + dependencies],
    ['another profile', `${head}${dependencies}[profile.release]\nopt-level = 1\n`],
  ])('is another one with %s', (_, manifest) => {
    expect(JSON.stringify(identityOf(manifest).identity)).not.toBe(JSON.stringify(identityOf(head + dependencies).identity));
  });

  it('is another one with other versions in the lock, but not for the name of the function in it', () => {
    const lockOf = (name: string, version: string): string =>
      `version = 4\n[[package]]\nname = "${name}"\nversion = "0.1.0"\n[[package]]\nname = "serde"\nversion = "${version}"\nsource = "registry+x"\n`;
    const identity = (lock: string): string => JSON.stringify(identityOf(head + dependencies, { 'Cargo.lock': lock }).identity);
    expect(identity(lockOf('b', '1.0.1'))).toBe(identity(lockOf('a', '1.0.1')));
    expect(identity(lockOf('a', '1.0.2'))).not.toBe(identity(lockOf('a', '1.0.1')));
  });

  it('holds nothing that the author wrote in Rust', () => {
    const { files } = identityOf(head + dependencies, {
      'build.rs': 'evil',
      'src/main.rs': 'evil',
      'macros/src/lib.rs': 'evil',
      'macros/Cargo.toml': head,
    });
    expect([...files.values()].join('')).not.toContain('evil');
    expect([...files.keys()].sort()).toEqual(['Cargo.toml', 'build.rs', 'macros/Cargo.toml', 'macros/src/lib.rs', 'src/lib.rs', 'src/main.rs']);
  });
});

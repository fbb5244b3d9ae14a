import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findRust, wasmTarget } from './find-rust.js';

describe('findRust', () => {
  let root: string;
  let installed = 0;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'torii-find-rust-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** A program that answers as `rustc` does. */
  const install = async (version: string, { sysroot = '', withStandardLibrary = true, withCargo = true } = {}): Promise<string> => {
    const folder = sysroot === '' ? path.join(root, `rust-${++installed}`) : sysroot;
    const bin = path.join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    const script = `#!/bin/sh
case "$1" in
  --print) echo "${folder}" ;;
  -vV) printf 'rustc ${version}\\nhost: x86_64-unknown-linux-gnu\\nrelease: ${version}\\n' ;;
esac
`;
    await writeFile(path.join(bin, 'rustc'), script, { mode: 0o755 });
    if (withCargo) await writeFile(path.join(bin, 'cargo'), `#!/bin/sh\necho "cargo ${version} (abc)"\n`, { mode: 0o755 });
    const library = path.join(folder, 'lib', 'rustlib', wasmTarget, 'lib');
    await mkdir(library, { recursive: true });
    if (withStandardLibrary) await writeFile(path.join(library, 'libstd-1234.rlib'), '');
    return bin;
  };
  const find = (searchPath: string, toolchains?: string) => findRust({ searchPath, toolchains, home: undefined });

  it('takes what is on the PATH, with the programs that a chooser such as rustup stands for', async () => {
    const bin = await install('1.95.0');
    expect(await find(bin)).toMatchObject({
      rustc: path.join(bin, 'rustc'),
      cargo: path.join(bin, 'cargo'),
      rustcVersion: '1.95.0',
      cargoVersion: '1.95.0',
    });
  });

  it('prefers what was added for Torii, and passes over one that cannot make WebAssembly', async () => {
    const toolchains = path.join(root, 'toolchains');
    await install('1.96.0', { sysroot: path.join(toolchains, 'rust') });
    const bin = await install('1.97.0');
    expect(await find(bin, toolchains)).toMatchObject({ rustcVersion: '1.96.0' });
    const without = await install('1.99.0', { withStandardLibrary: false });
    expect(await find(`${without}${path.delimiter}${bin}`)).toMatchObject({ rustcVersion: '1.97.0' });
  });

  it.each([
    [
      'has no standard library for WebAssembly',
      { withStandardLibrary: false },
      '1.95.0',
      /rustup target add wasm32-unknown-unknown.*toolchains -- add rust/,
    ],
    ['is too old', {}, '1.63.0', /1\.63\.0, 1\.85 or newer is needed/],
    ['has no cargo', { withCargo: false }, '1.95.0', /no cargo/],
  ])('says what to do about one that %s', async (_, options, version, reason) => {
    const bin = await install(version, options);
    const found = await find(bin);
    // Some other Rust of this machine may do instead.
    if ('reason' in found) expect(found.reason).toMatch(reason);
    else expect(found.rustc).not.toBe(path.join(bin, 'rustc'));
  });
});

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Sandbox } from '../../sandbox/sandbox.js';
import { runCargo } from './cargo.js';
import { type RustInstallation, wasmTarget } from './find-rust.js';
import { cargoError } from './registry-failure.js';
import { writeFiles } from './write-files.js';

/** A crate with everything that is compiled for the machine itself: a build script and a procedural macro. */
const probe: readonly (readonly [string, string])[] = [
  [
    'Cargo.toml',
    '[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2024"\nbuild = "build.rs"\n[dependencies]\nprobe-macro = { path = "macro" }\n',
  ],
  ['build.rs', 'fn main() {}\n'],
  ['src/lib.rs', '#[unsafe(no_mangle)]\npub extern "C" fn probe() -> i32 {\n    probe_macro::answer!()\n}\n'],
  ['macro/Cargo.toml', '[package]\nname = "probe-macro"\nversion = "0.0.0"\nedition = "2024"\n[lib]\nproc-macro = true\n'],
  ['macro/src/lib.rs', '#[proc_macro]\npub fn answer(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    "42".parse().unwrap()\n}\n'],
];
const probeTimeoutMs = 120_000;
const limits = { memoryMaxBytes: 2 * 1024 * 1024 * 1024, outputMaxBytes: 256 * 1024 * 1024 };

/**
 * Compiles a small crate in the sandbox, to know instead of to assume: undefined when that works, else what is missing, in
 * one line. `scratch` is a folder of this builder alone. Throws when the sandbox itself fails.
 */
export async function probeRust(rust: RustInstallation, sandbox: Sandbox, scratch: string): Promise<string | undefined> {
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(path.join(scratch, 'probe-'));
  try {
    const folders = { source: path.join(folder, 'source'), home: path.join(folder, 'home'), work: path.join(folder, 'work') };
    await writeFiles(folders.source, probe);
    await mkdir(folders.home);
    await mkdir(folders.work);
    let output = '';
    const result = await runCargo(
      sandbox,
      rust,
      {
        args: ['rustc', '--lib', '--release', '--offline', '--crate-type', 'cdylib', '--target', wasmTarget],
        folders,
        writable: Object.values(folders),
        readOnly: [],
        onOutput: (_stream, chunk) => {
          output += chunk.toString('utf8');
        },
      },
      { signal: AbortSignal.timeout(probeTimeoutMs), limits },
    );
    return result.exitCode === 0 ? undefined : reasonOf(rust, output, folders.source);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function reasonOf(rust: RustInstallation, output: string, source: string): string {
  const found = `Rust ${rust.rustcVersion} in ${rust.sysroot}`;
  if (/linker `[^`]*` not found/.test(output)) {
    return `${found} finds no C linker, which procedural macros need: install one, for example by apt-get install gcc libc6-dev`;
  }
  const [first = ''] = cargoError(output, source).split('\n');
  return `${found} cannot compile a small crate (${first}): repair it, or run \`npm run toolchains -- add rust\``;
}

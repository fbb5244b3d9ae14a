import path from 'node:path';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxResult } from '../../sandbox/sandbox-run.js';
import type { CompileContext } from '../compiler.js';
import { type CargoFolders, runCargo } from './cargo.js';
import { type CargoFindings, CargoMessages } from './cargo-messages.js';
import { type RustInstallation, wasmTarget } from './find-rust.js';
import type { Manifests } from './manifest.js';

export const moduleFile = 'module.wasm';
/** The part of cargo's standard error that is kept for a failure without a message of the compiler. */
const keptLength = 64 * 1024;
const rustFlagSeparator = '\x1f';

export interface CrateCompile {
  readonly sandbox: Sandbox;
  readonly rust: RustInstallation;
  readonly folders: CargoFolders;
  readonly manifests: Manifests;
  /** Crates of ours that stand in for those of the registry, by name. */
  readonly replaced: ReadonlyMap<string, string>;
  readonly context: Pick<CompileContext, 'signal' | 'limits' | 'log'>;
}

export interface CrateCompiled {
  readonly result: SandboxResult;
  readonly findings: CargoFindings;
  readonly stderr: string;
}

/**
 * Compiles a crate without a network, and leaves its module at the top of the work folder when that succeeds. Build scripts
 * and procedural macros run here: whatever they write, it is to folders of this build alone.
 */
export async function compileCrate(compile: CrateCompile): Promise<CrateCompiled> {
  const { sandbox, rust, folders, manifests, replaced, context } = compile;
  const messages = new CargoMessages(folders.source, (text) => context.log('stderr', text));
  let stderr = '';
  const result = await runCargo(
    sandbox,
    rust,
    {
      script: '"$CARGO" "$@" && cp -- "$BUILT_MODULE" "$MODULE"',
      args: [
        ...['rustc', '--lib', '--release', '--offline', '--crate-type', 'cdylib', '--target', wasmTarget, '--message-format', 'json'],
        ...replaceArgs(replaced),
      ],
      env: {
        BUILT_MODULE: path.join(folders.work, 'target', wasmTarget, 'release', `${manifests.libraryName}.wasm`),
        MODULE: path.join(folders.work, moduleFile),
        ...profile(manifests),
        CARGO_ENCODED_RUSTFLAGS: remapped(folders, replaced).join(rustFlagSeparator),
      },
      folders,
      // The source too: cargo writes the name of the crate into its lock.
      writable: [folders.source, folders.work],
      readOnly: [folders.home, ...replaced.values()],
      onOutput: (stream, chunk) => {
        if (stream === 'stdout') return messages.write(chunk);
        const text = chunk.toString('utf8').replaceAll(folders.source, '.');
        stderr = (stderr + text).slice(-keptLength);
        context.log('stderr', text);
      },
    },
    context,
  );
  return { result, findings: messages.findings(), stderr };
}

/** Arguments by which cargo takes folders instead of crates of the registry. */
export function replaceArgs(replaced: ReadonlyMap<string, string>): string[] {
  return [...replaced].flatMap(([name, folder]) => ['--config', `patch.crates-io.${name}.path=${JSON.stringify(folder)}`]);
}

/** Names of functions stay, for the places of traps; what only debuggers read does not. */
function profile({ releaseProfile }: Manifests): Record<string, string> {
  return releaseProfile.has('strip') ? {} : { CARGO_PROFILE_RELEASE_STRIP: 'debuginfo' };
}

/** Panics name the file they are in: by its crate, not by where it lies on this machine. */
function remapped(folders: CargoFolders, replaced: ReadonlyMap<string, string>): string[] {
  const places = [[path.join(folders.home, 'registry', 'src'), '/crates'], ...[...replaced].map(([name, folder]) => [folder, `/crates/${name}`])];
  return places.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
}

import { access, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BuildError } from '@torii/contracts';
import { withOutlet } from '../../dependencies/outlet.js';
import { readOutput } from '../../sandbox/read-output.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxResult } from '../../sandbox/sandbox-run.js';
import type { CompileContext } from '../compiler.js';
import { type CargoFolders, runCargo } from './cargo.js';
import { checkLock } from './check-lock.js';
import { type CrateCompile, compileCrate, replaceArgs } from './compile-crate.js';
import { wasmTarget } from './find-rust.js';
import { fetchFailure } from './registry-failure.js';
import type { Skeleton } from './skeleton.js';
import { writeFiles } from './write-files.js';

export const lockFile = 'Cargo.lock';
/** Says that the crates are there. */
const fetchedFile = 'fetched';
const lockMaxBytes = 4 * 1024 * 1024;

export interface DependencyFill extends Omit<CrateCompile, 'folders'> {
  readonly skeleton: Skeleton;
  /** `host:port` of the registry. */
  readonly crateHosts: readonly string[];
  /** Whether to do without the registry. */
  readonly isOffline: boolean;
  readonly context: CompileContext;
}

/** Where things are within the folder of one set of dependencies. */
export function dependencyFolders(folder: string): CargoFolders {
  return { source: path.join(folder, 'source'), home: path.join(folder, 'home'), work: path.join(folder, 'work') };
}

/**
 * Fetches the crates that a function depends on, and compiles them. Fetching runs nobody's code and has a network, to the
 * registry alone; compiling runs the build scripts of these crates, and has none. In a folder where compiling was ended
 * before its time it goes on from there.
 *
 * Throws `build.dependencies_failed`, or `RegistryUnreachable`.
 */
export async function fillDependencies(folder: string, fill: DependencyFill): Promise<void> {
  const folders = dependencyFolders(folder);
  if (!(await isThere(path.join(folder, fetchedFile)))) {
    for (const place of Object.values(folders)) await rm(place, { recursive: true, force: true });
    await writeFiles(folders.source, fill.skeleton.files);
    await mkdir(folders.home);
    await mkdir(folders.work);
    await fetchCrates(folders, fill);
    await writeFile(path.join(folder, fetchedFile), '');
  }
  const { result, findings } = await compileCrate({ ...fill, manifests: fill.skeleton.manifests, folders });
  const [first] = findings.ofDependencies;
  if (first !== undefined) throw new BuildError('build.dependencies_failed', `A crate does not compile to WebAssembly: ${first}`);
  // What else can fail here fails again, and is told, when the function itself is compiled.
  if (result.exitCode !== 0) fill.context.log('torii', 'the dependencies cannot be compiled on their own');
  await forgetOwnCrates(path.join(folders.work, 'target'), fill.skeleton.manifests.ownCrates);
}

/** What cargo has chosen. */
export async function readLock(folder: string): Promise<Uint8Array> {
  const lock = await readOutput(dependencyFolders(folder).source, lockFile, lockMaxBytes);
  if (lock === undefined) throw new Error(`cargo has left no ${lockFile}`);
  return lock;
}

async function fetchCrates(folders: CargoFolders, fill: DependencyFill): Promise<void> {
  const { sandbox, rust, replaced, crateHosts, isOffline, context } = fill;
  const onRefused = (place: string, why: string): void => context.log('torii', `${place}: ${why}`);
  let output = '';
  const fetch = (within: Sandbox, env: Readonly<Record<string, string>>): Promise<SandboxResult> =>
    runCargo(
      within,
      rust,
      {
        args: ['fetch', '--target', wasmTarget, '--target', rust.host, ...(isOffline ? ['--offline'] : []), ...replaceArgs(replaced)],
        env,
        folders,
        writable: [folders.source, folders.home],
        readOnly: [...replaced.values()],
        onOutput: (stream, chunk) => {
          output += chunk.toString('utf8');
          context.log(stream, chunk.toString('utf8'));
        },
      },
      context,
    );
  const { exitCode } = isOffline
    ? await fetch(sandbox, {})
    : await withOutlet({ sandbox, allowed: crateHosts, onRefused }, (outlet) => fetch(outlet.sandbox, { CARGO_HTTP_PROXY: outlet.proxyUrl }));
  if (exitCode !== 0) throw fetchFailure(output, folders.source);
  const lock = await readOutput(folders.source, lockFile, lockMaxBytes);
  checkLock(Buffer.from(lock ?? []).toString('utf8'), new Set(replaced.keys()));
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** The empty crates have the names of the real ones, and must never be taken for them. */
async function forgetOwnCrates(target: string, names: readonly string[]): Promise<void> {
  for (const profile of [path.join(target, 'release'), path.join(target, wasmTarget, 'release')]) {
    const folder = path.join(profile, '.fingerprint');
    for (const entry of await readdir(folder).catch(() => [])) {
      if (names.includes(entry.replace(/-[0-9a-f]{16}$/, ''))) await rm(path.join(folder, entry), { recursive: true, force: true });
    }
  }
}

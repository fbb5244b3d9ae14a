import { execFile } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** A Rust that can make WebAssembly. */
export interface RustInstallation {
  /** The folder that holds `lib/rustlib`. */
  readonly sysroot: string;
  readonly rustc: string;
  readonly cargo: string;
  readonly rustcVersion: string;
  readonly cargoVersion: string;
  /** What `rustc -vV` says: two installations that say the same make the same modules. */
  readonly identity: string;
  /** The triple of this machine, which build scripts and procedural macros are compiled for. */
  readonly host: string;
}

export const wasmTarget = 'wasm32-unknown-unknown';

const oldestMinor = 85;
const askTimeoutMs = 20_000;
const howToAdd = 'run `npm run toolchains -- add rust`';

export interface RustPlaces {
  /** As in PATH. */
  readonly searchPath: string;
  /** The folder that `toolchains add` fills; undefined without one. */
  readonly toolchains: string | undefined;
  /** The home of the user, where rustup puts its programs; undefined without one. */
  readonly home: string | undefined;
}

/**
 * The first Rust that has what is needed: what was added for Torii, then what is on the PATH, then rustup's and the usual
 * places. Otherwise the reason, in one line that says what to do. Does not throw.
 */
export async function findRust(places: RustPlaces): Promise<RustInstallation | { readonly reason: string }> {
  let firstReason: string | undefined;
  for (const folder of foldersToLookIn(places)) {
    const found = await installationIn(folder);
    if (found === undefined) continue;
    if (!('reason' in found)) return found;
    firstReason ??= found.reason;
  }
  const reason = firstReason ?? `Rust is not on this machine: ${howToAdd}, or install rustup and run \`rustup target add ${wasmTarget}\``;
  return { reason };
}

function foldersToLookIn({ searchPath, toolchains, home }: RustPlaces): Set<string> {
  const folders = [
    ...(toolchains === undefined ? [] : [path.join(toolchains, 'rust', 'bin')]),
    ...searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder)),
    ...(home === undefined ? [] : [path.join(home, '.cargo', 'bin')]),
    ...['/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'],
  ];
  return new Set(folders);
}

/** Undefined when there is no `rustc` in the folder. */
async function installationIn(folder: string): Promise<RustInstallation | { readonly reason: string } | undefined> {
  const program = path.join(folder, 'rustc');
  if (!(await isThere(program))) return undefined;
  const sysroot = (await ask(program, ['--print', 'sysroot']))?.trim();
  if (sysroot === undefined) return { reason: `${program} does not run: repair it, or ${howToAdd}` };

  // rustup's programs only choose; inside the sandbox the chosen ones are run, which need no home.
  const rustc = await firstThere([path.join(sysroot, 'bin', 'rustc'), program]);
  const cargo = await firstThere([path.join(sysroot, 'bin', 'cargo'), path.join(folder, 'cargo')]);
  const identity = await ask(rustc ?? program, ['-vV']);
  const rustcVersion = /^release: (\S+)/m.exec(identity ?? '')?.[1];
  const host = /^host: (\S+)/m.exec(identity ?? '')?.[1];
  if (rustc === undefined || identity === undefined || rustcVersion === undefined || host === undefined) {
    return { reason: `${program} does not say its version: repair it, or ${howToAdd}` };
  }
  if (!isNewEnough(rustcVersion))
    return { reason: `${program} is Rust ${rustcVersion}, 1.${oldestMinor} or newer is needed: update it, or ${howToAdd}` };
  if (!(await hasStandardLibrary(sysroot))) {
    return {
      reason: `Rust ${rustcVersion} in ${sysroot} has no standard library for WebAssembly: run \`rustup target add ${wasmTarget}\`, or ${howToAdd}`,
    };
  }
  const cargoVersion = cargo === undefined ? undefined : /^cargo (\S+)/.exec((await ask(cargo, ['--version'])) ?? '')?.[1];
  if (cargo === undefined || cargoVersion === undefined) return { reason: `There is no cargo beside ${program}: install it, or ${howToAdd}` };
  return { sysroot, rustc, cargo, rustcVersion, cargoVersion, identity, host };
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= oldestMinor);
}

async function hasStandardLibrary(sysroot: string): Promise<boolean> {
  const entries = await readdir(path.join(sysroot, 'lib', 'rustlib', wasmTarget, 'lib')).catch(() => []);
  return entries.some((name) => /^libstd-.*\.rlib$/.test(name));
}

async function firstThere(candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) if (await isThere(candidate)) return candidate;
  return undefined;
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function ask(program: string, args: readonly string[]): Promise<string | undefined> {
  // rustup must not fetch a toolchain because somebody asks for its version, nor follow a file that lies in our folder.
  const options = { cwd: '/', timeout: askTimeoutMs, env: { ...process.env, RUSTUP_AUTO_INSTALL: '0' } };
  return promisify(execFile)(program, [...args], options).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}

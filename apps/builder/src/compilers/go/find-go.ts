import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findPrograms } from '../../sandbox/find-program.js';

export interface GoToolchain {
  /** Path of the program itself, in its own tree. */
  readonly go: string;
  readonly goRoot: string;
  /** Such as `1.26.8`. */
  readonly version: string;
}

export interface GoPlaces {
  /** As in PATH. */
  readonly searchPath: string;
  readonly toolchains: string | undefined;
  /** GOROOT of the builder's own environment. */
  readonly goRoot?: string | undefined;
  /** Where `~/sdk` is looked for. */
  readonly home?: string | undefined;
  /** Where else to look; the places where systems put it unless given. */
  readonly folders?: readonly string[];
}

/** The first with `//go:wasmexport`. */
const oldest = [1, 24] as const;
const askTimeoutMs = 10_000;
const wellKnown = ['/usr/local/go/bin', '/usr/lib/go/bin', '/opt/homebrew/bin', '/usr/local/bin', '/snap/bin'];
const GoEnvironment = z.object({ GOVERSION: z.string(), GOROOT: z.string().min(1) });

/** The first Go that is new enough, or one line that says why there is none. Does not throw. */
export async function findGo(places: GoPlaces): Promise<GoToolchain | string> {
  const { searchPath, toolchains, goRoot, home } = places;
  const folders = [
    ...(goRoot === undefined ? [] : [path.join(goRoot, 'bin')]),
    ...(home === undefined ? [] : await subfolders(path.join(home, 'sdk'), /^go/)),
    ...(places.folders ?? [...wellKnown, ...(await subfolders('/usr/lib', /^go-\d/))]),
  ];
  const tooOld: string[] = [];
  for (const program of await findPrograms('go', { searchPath, toolchains, toolchain: 'go', folders })) {
    const found = await askGo(program);
    if (found === undefined) continue;
    if (isNewEnough(found.version)) return found;
    tooOld.push(`${program} is ${found.version}`);
  }
  const wanted = `Go ${oldest.join('.')} or newer`;
  return tooOld.length > 0
    ? `${wanted} is needed, but ${tooOld[0]}: install a newer one, or run: npm run toolchains -- add go`
    : `${wanted} is not installed where the builder looks: install it, or run: npm run toolchains -- add go`;
}

/** The newest first. */
async function subfolders(folder: string, pattern: RegExp): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => pattern.test(name));
  names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return names.map((name) => path.join(folder, name, 'bin'));
}

/** Undefined when it does not run, or is not Go. */
async function askGo(program: string): Promise<GoToolchain | undefined> {
  const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent', GOTOOLCHAIN: 'local', GOENV: 'off', GOTELEMETRY: 'off', GOFLAGS: '' };
  try {
    const { stdout } = await promisify(execFile)(program, ['env', '-json', 'GOVERSION', 'GOROOT'], { timeout: askTimeoutMs, env });
    const { GOVERSION, GOROOT } = GoEnvironment.parse(JSON.parse(stdout));
    return { go: path.join(GOROOT, 'bin', 'go'), goRoot: GOROOT, version: GOVERSION.replace(/^go/, '') };
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

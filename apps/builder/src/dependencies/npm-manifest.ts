import { BuildError } from '@torii/contracts';

/** What a function asks of npm, and nothing else of its package.json. */
export interface NpmManifest {
  readonly dependencies: Readonly<Record<string, string>>;
  /** Of package-lock.json, as it is. */
  readonly lockfile: string | undefined;
}

const dependenciesMax = 200;
const namePattern = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]{0,213}$/i;
/** Ranges and tags of the registry, and packages of the registry under another name. */
const specPattern = /^(npm:(@[\w.~-]+\/)?[\w.~-]+@)?[\w.*^~<>=|+\- ]{0,256}$/;

/**
 * Reads package.json and package-lock.json. Undefined when the function needs no packages. Throws
 * `build.dependencies_failed` for what is no JSON, and for dependencies that come from anywhere but the registry.
 */
export function readNpmManifest(files: ReadonlyMap<string, Uint8Array>): NpmManifest | undefined {
  const dependencies = dependenciesOf(readJson(files, 'package.json'));
  const names = Object.keys(dependencies);
  if (names.length === 0) return undefined;
  if (names.length > dependenciesMax) throw refused(`package.json has ${names.length} dependencies; a build installs at most ${dependenciesMax}.`);
  for (const [name, spec] of Object.entries(dependencies)) checkDependency(name, spec);
  return { dependencies, lockfile: readLockfile(files) };
}

function dependenciesOf(manifest: unknown): Record<string, string> {
  if (!isRecord(manifest) || manifest.dependencies === undefined) return {};
  const { dependencies } = manifest;
  if (!isRecord(dependencies)) throw refused('"dependencies" in package.json must be an object of names and versions.');
  // What every function has anyway.
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => name !== '@torii/pdk')) as Record<string, string>;
}

function checkDependency(name: string, spec: unknown): void {
  if (!namePattern.test(name) || name.startsWith('.')) throw refused(`"${name.slice(0, 100)}" in package.json is not the name of a package.`);
  if (typeof spec === 'string' && specPattern.test(spec)) return;
  const shown = String(spec).slice(0, 100);
  throw refused(
    `The dependency "${name}" is "${shown}": builds take packages of the registry only, by a version, a range or a tag such as "^1.2.0".`,
  );
}

/** Every place in it that npm would fetch from, or link to, has to be a package of a registry; which one is the proxy's to check. */
function readLockfile(files: ReadonlyMap<string, Uint8Array>): string | undefined {
  const file = files.get('package-lock.json');
  if (file === undefined) return undefined;
  const lock = readJson(files, 'package-lock.json');
  if (!isRecord(lock) || !isRecord(lock.packages))
    throw refused('package-lock.json has no "packages": make it anew with npm 7 or later, or leave it out.');
  for (const [place, entry] of Object.entries(lock.packages)) checkLocked(place, entry);
  return Buffer.from(file).toString();
}

function checkLocked(place: string, entry: unknown): void {
  const isRoot = place === '';
  if (!isRecord(entry) || (!isRoot && !/^node_modules\//.test(place)) || place.split('/').includes('..')) {
    throw refused(`package-lock.json has a package at "${place.slice(0, 100)}": builds take packages of the registry only.`);
  }
  const { resolved, link } = entry;
  const isOfRegistry = resolved === undefined || (typeof resolved === 'string' && /^https?:\/\//.test(resolved));
  if (link === true || !isOfRegistry)
    throw refused(
      `package-lock.json takes "${place.slice(0, 100)}" from "${String(resolved).slice(0, 100)}": builds take packages of the registry only.`,
    );
}

function readJson(files: ReadonlyMap<string, Uint8Array>, name: string): unknown {
  const file = files.get(name);
  if (file === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(file).toString());
  } catch (error) {
    throw refused(`${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(detail: string): BuildError {
  return new BuildError('build.dependencies_failed', detail);
}

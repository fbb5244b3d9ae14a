import path from 'node:path';
import { parse, stringify } from 'smol-toml';
import { type Manifests, rootManifest, type Table, table } from './manifest.js';

/** The crate with nothing of the author's in it but what it depends on. */
export interface Skeleton {
  /** What is compiled: manifests, and empty files where cargo looks for some. */
  readonly files: ReadonlyMap<string, string>;
  /** What its dependencies come from: functions that say the same share them, whatever else they are called and hold. */
  readonly identity: unknown;
  readonly manifests: Manifests;
}

/** No crate may have this name, or the function could not depend on it. */
const skeletonName = 'torii-skeleton';
/** Serves as a library, a program and a build script alike. */
const emptyProgram = '#[allow(dead_code)]\nfn main() {}\n';
const targetPattern = /(^|\/)(build|src\/(lib|main|bin\/.+)|(tests|examples|benches)\/.+)\.rs$/;
const lockFile = 'Cargo.lock';

/** Parts of a manifest that say what is compiled for it, and how. */
const keptTables = ['dependencies', 'dev-dependencies', 'build-dependencies', 'target', 'features', 'profile', 'workspace', 'patch', 'replace'];
const keptPackageFields = ['edition', 'rust-version', 'resolver', 'build', 'links', 'workspace'];

/** Compiling it compiles the dependencies, and no macro or build script of the function runs. */
export function skeletonOf(files: ReadonlyMap<string, Uint8Array>, manifests: Manifests): Skeleton {
  const root = rootOf(manifests.root);
  const texts = [stringify(root), ...manifests.inner.values()].join('\n');
  const empty = [...files.keys()].filter((file) => file.endsWith('.rs') && (targetPattern.test(file) || texts.includes(path.posix.basename(file))));
  const lock = files.get(lockFile);
  const lockText = lock === undefined ? undefined : Buffer.from(lock).toString('utf8');
  return {
    files: new Map([
      [rootManifest, stringify(root)],
      ...manifests.inner,
      ...empty.map((file) => [file, emptyProgram] as const),
      ...(lockText === undefined ? [] : [[lockFile, lockText] as const]),
    ]),
    identity: [root, [...manifests.inner].sort(), empty.sort(), lockText === undefined ? [] : chosenIn(lockText)],
    manifests: { ...manifests, libraryName: skeletonName.replaceAll('-', '_'), ownCrates: [...manifests.ownCrates, skeletonName] },
  };
}

function rootOf(manifest: Table): Table {
  const { path: library } = table(manifest.lib);
  const own = {
    package: { name: skeletonName, version: '0.0.0', ...sorted(table(manifest.package), keptPackageFields) },
    ...(library === undefined ? {} : { lib: { path: library } }),
  };
  return { ...own, ...sorted(manifest, keptTables) };
}

/** Some fields, each in its place wherever the author had put it. */
function sorted(from: Table, names: readonly string[]): Table {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, inOrder(from[name])]));
}

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, inOrder(inner)]));
}

/** The crates of a lock that are not the author's own. Text that is no lock is told when cargo reads it. */
function chosenIn(text: string): unknown {
  try {
    const { package: packages } = parse(text);
    return Array.isArray(packages) ? packages.filter((entry) => table(entry).source !== undefined) : [];
  } catch {
    return text;
  }
}

import path from 'node:path';
import { BuildError } from '@torii/contracts';
import { parse, TomlError } from 'smol-toml';

/** The `Cargo.toml` of the function and those of crates within it, checked. */
export interface Manifests {
  /** The function's own, as it parses. */
  readonly root: Table;
  /** Those of crates within the function: path to text. */
  readonly inner: ReadonlyMap<string, string>;
  /** The name of the module that cargo writes, without `.wasm`. */
  readonly libraryName: string;
  /** Names of the crates that are the author's own. */
  readonly ownCrates: readonly string[];
  /** Every crate that is asked for by name in any of them. */
  readonly dependencies: ReadonlySet<string>;
  /** What `[profile.release]` of the function sets itself. */
  readonly releaseProfile: ReadonlySet<string>;
}

export type Table = Readonly<Record<string, unknown>>;

export const rootManifest = 'Cargo.toml';
const defaultLibrary = 'src/lib.rs';
const dependencyTables = ['dependencies', 'dev-dependencies', 'build-dependencies', 'dev_dependencies', 'build_dependencies'];
const refusedSources: Readonly<Record<string, string>> = {
  git: 'from a git repository',
  registry: 'from another registry',
  'registry-index': 'from another registry',
};

/** What a function without a `Cargo.toml` gets: the crates that nearly every function uses. */
export function defaultManifest(name: string, entry: string): string {
  return `[package]
name = "function-${name}"
version = "0.0.0"
edition = "2024"

[lib]
path = ${JSON.stringify(entry)}

[dependencies]
extism-pdk = "1"
torii-pdk = "0.1"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
`;
}

/**
 * Reads every `Cargo.toml` of a function and refuses what cannot be built here: dependencies from anywhere but crates.io
 * and the function itself, and files that would change how cargo runs. Throws `BuildError`.
 */
export function readManifests(files: ReadonlyMap<string, Uint8Array>, entry: string): Manifests {
  refuseToolFiles(files);
  const inner = new Map<string, string>();
  const tables = new Map<string, Table>();
  for (const [file, content] of files) {
    if (path.posix.basename(file) !== rootManifest) continue;
    const text = Buffer.from(content).toString('utf8');
    if (file !== rootManifest) inner.set(file, text);
    tables.set(file, parseToml(file, text));
  }
  const root = tables.get(rootManifest);
  if (root === undefined) throw new BuildError('build.missing_entry', 'There is no Cargo.toml at the top of the function: add one there');
  const dependencies = new Set<string>();
  for (const [file, manifest] of tables) {
    for (const { name, spec } of dependenciesOf(manifest)) {
      checkSource(file, name, spec, files);
      dependencies.add(packageOf(name, spec));
    }
  }
  const names = [...tables.values()].map((manifest) => text(table(manifest.package).name)).filter((name) => name !== undefined);
  const releaseProfile = new Set(Object.keys(table(table(root.profile).release)));
  return { root, inner, libraryName: libraryOf(root, entry, files), ownCrates: names, dependencies, releaseProfile };
}

function refuseToolFiles(files: ReadonlyMap<string, Uint8Array>): void {
  for (const file of files.keys()) {
    const parts = file.split('/');
    if (parts.includes('.cargo')) {
      throw new BuildError('build.dependencies_failed', `${file}: cargo is not configured by functions; remove it, and set profiles in Cargo.toml`);
    }
    if (/^rust-toolchain(\.toml)?$/.test(parts.at(-1) ?? '')) {
      throw new BuildError('build.dependencies_failed', `${file}: the builder chooses the Rust that it builds with; remove the file`);
    }
  }
}

function parseToml(file: string, content: string): Table {
  try {
    return parse(content);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? 'it is not TOML';
    const place = { file, line: error.line, column: error.column };
    throw new BuildError('build.compile_failed', `${file}:${error.line}:${error.column}: ${message}`, {
      diagnostics: [{ severity: 'error', message, ...place }],
    });
  }
}

function libraryOf(root: Table, entry: string, files: ReadonlyMap<string, Uint8Array>): string {
  const packageName = text(table(root.package).name);
  if (packageName === undefined) {
    throw new BuildError('build.compile_failed', 'Cargo.toml has no [package] with a name: a function is one package, whose library is built');
  }
  const library = table(root.lib);
  const libraryPath = path.posix.normalize(text(library.path) ?? defaultLibrary);
  if (!files.has(libraryPath)) {
    throw new BuildError(
      'build.missing_entry',
      `The library of Cargo.toml begins with ${libraryPath}, which is not there: add it, or set [lib] path`,
    );
  }
  if (libraryPath !== entry && files.has(entry)) {
    throw new BuildError(
      'build.missing_entry',
      `The function begins with ${entry}, but the library of Cargo.toml with ${libraryPath}: set [lib] path, or the entry of the function, to the same file`,
    );
  }
  return (text(library.name) ?? packageName).replaceAll('-', '_');
}

function* dependenciesOf(manifest: Table): Generator<{ name: string; spec: unknown }> {
  const places = [manifest, table(manifest.workspace), ...Object.values(table(manifest.target)).map(table)];
  const sections = places.flatMap((place) => dependencyTables.map((name) => table(place[name])));
  const replacements = [...Object.values(table(manifest.patch)).map(table), table(manifest.replace)];
  for (const section of [...sections, ...replacements]) {
    for (const [name, spec] of Object.entries(section)) yield { name, spec };
  }
}

function checkSource(file: string, name: string, spec: unknown, files: ReadonlyMap<string, Uint8Array>): void {
  const fields = table(spec);
  for (const [field, where] of Object.entries(refusedSources)) {
    if (fields[field] === undefined) continue;
    throw refused(file, `${name} is ${where}: builds take crates from crates.io, and crates that lie within the function`);
  }
  const location = text(fields.path);
  if (location === undefined) return;
  const target = path.posix.join(path.posix.dirname(file), location);
  if (path.isAbsolute(location) || target.startsWith('..') || !files.has(path.posix.join(target, rootManifest))) {
    throw refused(file, `${name} is at ${location}, where the function has no ${rootManifest}: put the crate within the function`);
  }
}

function refused(file: string, message: string): BuildError {
  return new BuildError('build.dependencies_failed', `${file}: ${message}`, { diagnostics: [{ severity: 'error', message, file }] });
}

function packageOf(name: string, spec: unknown): string {
  return text(table(spec).package) ?? name;
}

export function table(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

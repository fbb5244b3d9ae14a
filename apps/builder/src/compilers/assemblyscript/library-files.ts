import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What functions may import besides their own files, and what the language itself asks its host for. */
export interface LibraryFiles {
  /** By path, such as `node_modules/@torii/pdk/index.ts`. */
  readonly packages: ReadonlyMap<string, string>;
  /** By the names that the standard library has for them; they take the place of those for browsers. */
  readonly standard: ReadonlyMap<string, string>;
  readonly versions: Readonly<Record<string, string>>;
}

const pdk = fileURLToPath(new URL('../../../../../pdks/assemblyscript/', import.meta.url));

/** Reads all of them, a megabyte or so. Throws when one is not installed. */
export function readLibraryFiles(): LibraryFiles {
  const require = createRequire(import.meta.url);
  const compiler = require.resolve('assemblyscript/package.json');
  const json = require.resolve('json-as/package.json');
  const floats = createRequire(json).resolve('xjb-as/package.json');
  const packages = new Map([
    ...sourcesIn(join(pdk, 'assembly'), 'node_modules/@torii/pdk'),
    ...sourcesIn(join(pdk, 'as-pdk'), 'node_modules/@extism/as-pdk'),
    ...sourcesIn(dirname(json), 'node_modules/json-as'),
    ...sourcesIn(dirname(floats), 'node_modules/xjb-as'),
  ]);
  const standard = new Map([...standardNames].map(([name, file]) => [name, readFileSync(join(pdk, 'std', file), 'utf8')]));
  const own = [...packages].filter(([path]) => path.startsWith('node_modules/@')).map(([, text]) => text);
  return {
    packages,
    standard,
    versions: {
      assemblyscript: versionIn(compiler),
      'json-as': versionIn(json),
      'xjb-as': versionIn(floats),
      'torii-pdk': hashOf([...own, ...standard.values()]),
    },
  };
}

/** Names without a slash are part of every module, as far as it uses them. */
const standardNames: ReadonlyMap<string, string> = new Map([
  ['torii-runtime', 'torii-runtime.ts'],
  ['torii-wasi', 'torii-wasi.ts'],
  ['bindings/dom', 'dom.ts'],
  ['bindings/node', 'node.ts'],
]);

function sourcesIn(folder: string, prefix: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(folder, path).split(sep).includes('node_modules'))
    .sort()
    .map((path) => [`${prefix}/${relative(folder, path).split(sep).join('/')}`, readFileSync(path, 'utf8')]);
}

function versionIn(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function hashOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex').slice(0, 12);
}

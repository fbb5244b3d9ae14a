import path from 'node:path';
import { BuildError, type Diagnostic } from '@torii/contracts';
import type { CompileRequest } from '../compiler.js';
import { broughtModuleOf, broughtModules, extismPdk, toriiModule } from './brought-modules.js';
import { type GoFile, parseGoFile } from './go-file.js';
import { type GoMod, readGoMod } from './go-mod.js';
import { rewriteDirectives } from './rewrite-directives.js';

/** The sources of one build, ready to be written. */
export interface GoSources {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Where the go.mod stands, and go is run: `.` or a folder of the function. */
  readonly moduleFolder: string;
  /** What is built, as go is told it: `.` or `./folder`. */
  readonly target: string;
  /** Whether anything but the standard library and the function itself is imported. */
  readonly hasDependencies: boolean;
  /** What is imported that is the same for every function, as far as can be told: of the standard library, and of the modules that builds bring along. */
  readonly sharedPackages: readonly string[];
  /** For the log: what was added or changed. */
  readonly notes: readonly string[];
}

const generatedFile = 'torii_generated.go';
const defaultModule = 'faas';
const goVersion = '1.24';

interface ParsedFile extends GoFile {
  readonly path: string;
}

/**
 * Makes of a function's files what standard Go builds: TinyGo's exports and imports rewritten, a `main` function and a
 * go.mod where there is none, and the modules that come with builds required. `toriiFolder` is where the builder's package
 * `torii` is, `isStandard` whether the standard library has a package.
 *
 * Throws `build.compile_failed` for C code and for an entry that is no main package, `build.dependencies_failed` for modules
 * from outside of the function.
 */
export function prepareGoSources(
  request: CompileRequest,
  { toriiFolder, isStandard }: { readonly toriiFolder: string; readonly isStandard: (module: string) => boolean },
): GoSources {
  const files = new Map(request.files);
  const notes: string[] = [];
  const parsed = rewriteAll(files, notes);
  refuseC(parsed);

  const packageFolder = path.posix.dirname(request.entry);
  const moduleFolder = findModuleFolder(files, packageFolder);
  addGenerated(files, parsed, request.entry);

  const imported = [...new Set(parsed.flatMap(({ imports }) => imports.map((one) => one.path)))];
  const external = imported.filter((name) => name.split('/')[0]?.includes('.'));
  const needsTorii = imported.some((name) => name === toriiModule || name.startsWith(`${toriiModule}/`));
  const goMod = path.posix.join(moduleFolder, 'go.mod');
  const given = files.get(goMod);
  const text = given === undefined ? `module ${defaultModule}\n\ngo ${goVersion}\n` : decode(given);
  if (given === undefined) notes.push(`No go.mod: the module is called ${defaultModule}`);
  const read = readGoMod(text, moduleFolder);
  files.set(goMod, encode(completeGoMod(text, read, { external, needsTorii, toriiFolder, isStandard, notes })));
  for (const name of ['go.work', 'vendor/modules.txt']) {
    if (files.has(path.posix.join(moduleFolder, name))) notes.push(`${name} is not looked at: modules come from the go.mod`);
  }

  const folder = path.posix.relative(moduleFolder, packageFolder);
  return {
    files,
    moduleFolder,
    target: folder === '' ? '.' : `./${folder}`,
    hasDependencies: needsTorii || external.length > 0 || read.requires.size > 0,
    sharedPackages: imported.filter((name) => isBrought(name, read) || (isCompiled(name) && isStandard(name))),
    notes,
  };
}

/** Whether a package is one of the standard library by its name, and is compiled at all: of `unsafe` there is nothing to share. */
function isCompiled(name: string): boolean {
  return name !== 'unsafe' && !name.split('/')[0]?.includes('.');
}

/** A file that is not built may import any text, and what is shared becomes part of a source. */
const packagePathPattern = /^[\w.~/-]+$/;

/** Whether a package is of a module that builds bring along, and the go.mod wants that one and no other. */
function isBrought(packagePath: string, read: GoMod): boolean {
  const module = packagePathPattern.test(packagePath) ? broughtModuleOf(packagePath) : undefined;
  if (module === undefined || module === read.module || read.replaces.includes(module)) return false;
  const version = broughtModules.get(module);
  return module === toriiModule || (read.requires.get(module) ?? version) === version;
}

/** Also puts in what their rewriting needs in other files of the same folder. */
function rewriteAll(files: Map<string, Uint8Array>, notes: string[]): ParsedFile[] {
  const parsed: ParsedFile[] = [];
  const companions = new Map<string, string[]>();
  for (const [file, bytes] of [...files]) {
    if (!file.endsWith('.go') || file.endsWith('_test.go')) continue;
    const original = decode(bytes);
    const { source, companions: added } = rewriteDirectives(original);
    const own = { path: file, ...parseGoFile(source) };
    parsed.push(own);
    if (source === original) continue;
    files.set(file, encode(source));
    notes.push(`${file}: TinyGo's //export is taken as //go:wasmexport and //go:wasmimport`);
    const folder = path.posix.dirname(file);
    if (added.length > 0) companions.set(folder, [...(companions.get(folder) ?? [`package ${own.packageName ?? 'main'}`]), ...added]);
  }
  for (const [folder, parts] of companions) {
    // A wasmimport without a body may only stand in a file that imports unsafe.
    files.set(path.posix.join(folder, generatedFile), encode(`${[parts[0], 'import _ "unsafe"', ...parts.slice(1)].join('\n\n')}\n`));
  }
  return parsed;
}

function refuseC(parsed: readonly ParsedFile[]): void {
  const diagnostics = parsed.flatMap(({ path: file, imports }) =>
    imports
      .filter((one) => one.path === 'C')
      .map(({ line }): Diagnostic => ({ severity: 'error', message: 'import "C": there is no cgo for WebAssembly', file, line })),
  );
  if (diagnostics.length > 0)
    throw new BuildError('build.compile_failed', 'C code cannot be built along with Go: leave out import "C"', { diagnostics });
}

/** The nearest folder with a go.mod, from the entry's upwards; the top without one. */
function findModuleFolder(files: ReadonlyMap<string, Uint8Array>, packageFolder: string): string {
  for (let folder = packageFolder; ; folder = path.posix.dirname(folder)) {
    if (files.has(path.posix.join(folder, 'go.mod'))) return folder;
    if (folder === '.') return '.';
  }
}

/** A `main` function where the main package has none: a plugin is called by its exports, but Go wants one. */
function addGenerated(files: Map<string, Uint8Array>, parsed: readonly ParsedFile[], entry: string): void {
  const folder = path.posix.dirname(entry);
  const siblings = parsed.filter((file) => path.posix.dirname(file.path) === folder);
  const own = siblings.find((file) => file.path === entry);
  if (own?.packageName !== undefined && own.packageName !== 'main') {
    const message = `the package must be called main, not ${own.packageName}`;
    throw new BuildError('build.compile_failed', `${entry}: ${message}`, { diagnostics: [{ severity: 'error', message, file: entry, line: 1 }] });
  }
  if (siblings.some(({ functions }) => functions.some(({ name, isMethod }) => name === 'main' && !isMethod))) return;
  const place = path.posix.join(folder, generatedFile);
  const before = files.get(place);
  files.set(place, encode(`${before === undefined ? 'package main\n' : decode(before)}\nfunc main() {}\n`));
}

interface Completion {
  readonly external: readonly string[];
  readonly needsTorii: boolean;
  readonly toriiFolder: string;
  readonly isStandard: (module: string) => boolean;
  readonly notes: string[];
}

/** Lines are only added at the end, so that what go says of a line is true of the author's go.mod. */
function completeGoMod(text: string, read: GoMod, { external, needsTorii, toriiFolder, isStandard, notes }: Completion): string {
  const added: string[] = [];
  let named = text;
  if (read.module !== undefined && isStandard(read.module)) {
    named = text.replace(/^([ \t]*module[ \t]+).*$/m, `$1${defaultModule}.local/${read.module}`);
    notes.push(`The module is called like the standard library's package ${read.module}: it is built as ${defaultModule}.local/${read.module}`);
  }
  for (const [module, version] of broughtModules) {
    const isImported = isWanted(module, { external, needsTorii });
    if (!isImported || (module === toriiModule && read.replaces.includes(module))) continue;
    if (!read.requires.has(module)) {
      added.push(`require ${module} ${version}`);
      if (module !== toriiModule) notes.push(`${module} is taken at ${version}, because the go.mod names no version`);
    }
    if (module === toriiModule) added.push(`replace ${toriiModule} => ${JSON.stringify(toriiFolder)}`);
  }
  return added.length === 0 ? named : `${named.replace(/\n?$/, '\n')}\n${added.join('\n')}\n`;
}

/** Torii's own package imports the PDK. */
function isWanted(module: string, { external, needsTorii }: Pick<Completion, 'external' | 'needsTorii'>): boolean {
  if (needsTorii && (module === toriiModule || module === extismPdk)) return true;
  return external.some((name) => broughtModuleOf(name) === module);
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function encode(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

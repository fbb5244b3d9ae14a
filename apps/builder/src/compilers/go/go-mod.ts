import path from 'node:path';
import { BuildError, type Diagnostic } from '@torii/contracts';

export interface GoMod {
  readonly module: string | undefined;
  /** Versions of the modules that it requires, by their paths. */
  readonly requires: ReadonlyMap<string, string>;
  /** Paths of the modules that it replaces. */
  readonly replaces: readonly string[];
}

/**
 * Reads what we need of a go.mod, https://go.dev/ref/mod#go-mod-file; whether it is well-formed the go command says.
 *
 * Throws `build.dependencies_failed` when it replaces a module by a folder that is not the function's own. `folder` is where
 * the go.mod stands in the function.
 */
export function readGoMod(text: string, folder: string): GoMod {
  let module: string | undefined;
  const requires = new Map<string, string>();
  const replaces: string[] = [];
  const problems: Diagnostic[] = [];
  for (const { words, line } of statements(text)) {
    const [verb, first, ...rest] = words;
    if (first === undefined) continue;
    if (verb === 'module') module ??= first;
    if (verb === 'require') requires.set(first, rest[0] ?? '');
    if (verb === 'replace') {
      replaces.push(first);
      const target = rest[rest.indexOf('=>') + 1];
      if (target !== undefined && isOutside(target, folder)) problems.push(outside(first, target, path.posix.join(folder, 'go.mod'), line));
    }
  }
  if (problems.length > 0) {
    const detail = `${problems[0]?.message}: put the module's files into the function, or require a published version`;
    throw new BuildError('build.dependencies_failed', detail, { diagnostics: problems });
  }
  return { module, requires, replaces };
}

interface Statement {
  /** The verb first, also of a line in a block. */
  readonly words: readonly string[];
  readonly line: number;
}

function statements(text: string): Statement[] {
  const found: Statement[] = [];
  let block: string | undefined;
  text.split('\n').forEach((raw, index) => {
    const words =
      raw
        .replace(/(^|\s)\/\/.*$/, '')
        .match(/"[^"]*"|`[^`]*`|[()]|[^\s"`()]+/g)
        ?.map(unquoted) ?? [];
    if (words[0] === ')') block = undefined;
    else if (words[1] === '(') block = words[0];
    else if (words.length > 0) found.push({ words: block === undefined ? words : [block, ...words], line: index + 1 });
  });
  return found;
}

function unquoted(word: string): string {
  return word.replace(/^["`]|["`]$/g, '');
}

/** A target that begins with a dot or a slash is a folder, anything else a module. */
function isOutside(target: string, folder: string): boolean {
  if (/^([A-Za-z]:|\\)/.test(target) || target.startsWith('/')) return true;
  if (!target.startsWith('.')) return false;
  const resolved = path.posix.normalize(path.posix.join(folder, target));
  return resolved === '..' || resolved.startsWith('../');
}

function outside(module: string, target: string, file: string, line: number): Diagnostic {
  return { severity: 'error', message: `${module} is replaced by ${target}, which is outside of the function`, file, line };
}

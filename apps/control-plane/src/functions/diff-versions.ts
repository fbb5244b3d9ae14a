import { setImmediate } from 'node:timers/promises';
import type { FunctionDiff, FunctionVersion, SourceFile, SourceTree, Toolchain } from '@torii/contracts';
import { createTwoFilesPatch } from 'diff';
import { sizeOf } from './file-bytes.js';

/** Larger files are only said to differ. */
const comparedMaxBytes = 256 * 1024;
/** Comparing takes quadratic time where everything differs: what is not done by then is left out, file by file. */
const fileBudgetMs = 100;
const totalBudgetMs = 1_000;

export interface DiffSide {
  readonly version: FunctionVersion;
  readonly tree: SourceTree;
}

type FileChange = FunctionDiff['files'][number];

/**
 * What changed between two versions. Lets other requests in between files, and leaves out the patch of a file that is
 * not text, too large, or differs too much to be compared in its time.
 */
export async function diffVersions(from: DiffSide, to: DiffSide): Promise<FunctionDiff> {
  const label = (names: readonly { readonly module: string; readonly name: string }[]): string[] =>
    names.map(({ module, name }) => `${module}.${name}`);
  const nameOf = ({ name }: { readonly name: string }): string => name;
  return {
    from: from.version.version,
    to: to.version.version,
    files: await diffFiles(from.tree, to.tree),
    imports: addedAndRemoved(label(from.version.imports), label(to.version.imports)),
    exports: addedAndRemoved(from.version.exports.map(nameOf), to.version.exports.map(nameOf)),
    sizeChange: to.version.size - from.version.size,
    toolchain: diffToolchains(from.version.toolchain, to.version.toolchain),
  };
}

async function diffFiles(from: SourceTree, to: SourceTree): Promise<FileChange[]> {
  const before = new Map(from.files.map((file) => [file.path, file]));
  const after = new Map(to.files.map((file) => [file.path, file]));
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changes: FileChange[] = [];
  let leftMs = totalBudgetMs;
  for (const path of paths) {
    const [old, now] = [before.get(path), after.get(path)];
    if (old?.content === now?.content && old?.encoding === now?.encoding) continue;
    await setImmediate();
    const startedMs = performance.now();
    const patch = patchOf(old, now, Math.min(leftMs, fileBudgetMs));
    leftMs -= performance.now() - startedMs;
    const change = old === undefined ? 'added' : now === undefined ? 'removed' : 'modified';
    changes.push({ path, change, ...(patch === undefined ? {} : { patch }) });
  }
  return changes;
}

function patchOf(old: SourceFile | undefined, now: SourceFile | undefined, budgetMs: number): string | undefined {
  const sides = [old, now].filter((file) => file !== undefined);
  if (budgetMs <= 0 || sides.some((file) => file.encoding !== 'utf8' || sizeOf(file) > comparedMaxBytes)) return undefined;
  const nameOf = (prefix: string, file: SourceFile | undefined): string => (file === undefined ? '/dev/null' : `${prefix}/${file.path}`);
  return createTwoFilesPatch(nameOf('a', old), nameOf('b', now), old?.content ?? '', now?.content ?? '', undefined, undefined, {
    context: 3,
    timeout: budgetMs,
  });
}

function addedAndRemoved(from: readonly string[], to: readonly string[]): { added: string[]; removed: string[] } {
  const [before, after] = [new Set(from), new Set(to)];
  const added = [...after].filter((name) => !before.has(name)).sort();
  const removed = [...before].filter((name) => !after.has(name)).sort();
  return { added, removed };
}

function diffToolchains(from: Toolchain, to: Toolchain): FunctionDiff['toolchain'] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return names.map((name) => ({ name, from: from[name] ?? null, to: to[name] ?? null })).filter((tool) => tool.from !== tool.to);
}

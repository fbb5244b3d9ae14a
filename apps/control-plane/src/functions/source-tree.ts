import { canonicalJson, sha256 } from '@torii/config-sync';
import { type FieldIssue, type SourceFile, type SourceTree, sourceLimits } from '@torii/contracts';
import { invalid } from '../http/invalid.js';
import { bytesOf, fileOf, sizeOf } from './file-bytes.js';

/** A whole function, checked and ready to be kept. */
export interface CheckedTree {
  readonly sha256: string;
  /** The tree as it is kept and hashed: canonical JSON. */
  readonly canonical: string;
  readonly tree: SourceTree;
  readonly bytes: number;
}

/** How many problems an answer lists. */
const issuesMax = 50;

/** Where the files of a tree stood: in a JSON body, whose pointers are told, or in something that has none. */
export type Origin = 'json' | 'archive';

/**
 * The tree of files that came from outside. Throws `client.invalid` when they cannot stand beside each other in one
 * folder on every system, or are more or larger than a function may have.
 */
export function checkedTree(files: readonly SourceFile[], origin: Origin): CheckedTree {
  const pointerOf = (index: number, field: 'path' | 'content'): string => (origin === 'json' ? `/files/${index}/${field}` : '');
  const whole = origin === 'json' ? '/files' : '';
  const issues = [...sizeIssues(files, whole, pointerOf), ...encodingIssues(files, pointerOf), ...placeIssues(files, pointerOf)];
  if (issues.length > 0) throw invalid(issues.slice(0, issuesMax));
  return treeOf(files);
}

/** The tree of files that are known to be right, sorted by path. */
export function treeOf(files: readonly SourceFile[]): CheckedTree {
  const kept = files.map((file) => ({ path: file.path, bytes: bytesOf(file) })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const tree: SourceTree = { files: kept.map(({ path, bytes }) => fileOf(path, bytes)) };
  const canonical = canonicalJson(tree);
  return { sha256: sha256(canonical), canonical, tree, bytes: kept.reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

type PointerOf = (index: number, field: 'path' | 'content') => string;

function sizeIssues(files: readonly SourceFile[], whole: string, pointerOf: PointerOf): FieldIssue[] {
  const { filesMax, fileMaxBytes, totalMaxBytes } = sourceLimits;
  if (files.length > filesMax) return [{ pointer: whole, detail: `there are ${files.length} files: a function may have ${filesMax}` }];
  const sizes = files.map(sizeOf);
  const issues = files.flatMap(({ path }, index): FieldIssue[] => {
    const size = sizes[index] ?? 0;
    if (size <= fileMaxBytes) return [];
    return [{ pointer: pointerOf(index, 'content'), detail: `"${path}" has ${size} bytes: a file may have ${fileMaxBytes}` }];
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > totalMaxBytes) issues.push({ pointer: whole, detail: `the files have ${total} bytes in all: a function may have ${totalMaxBytes}` });
  return issues;
}

function encodingIssues(files: readonly SourceFile[], pointerOf: PointerOf): FieldIssue[] {
  return files.flatMap(({ path, encoding, content }, index): FieldIssue[] => {
    if (encoding === 'utf8' || isBase64(content)) return [];
    return [{ pointer: pointerOf(index, 'content'), detail: `the content of "${path}" is not base64` }];
  });
}

/** By patterns that look at each character once: one for the whole text overflows the stack where that is long. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, ''));
}

/** Paths that are one where case does not count, and files that are also folders. */
function placeIssues(files: readonly SourceFile[], pointerOf: PointerOf): FieldIssue[] {
  const seen = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const { path } of files) {
    for (const folder of foldersOf(path)) folders.set(folder, path);
  }
  return files.flatMap(({ path }, index): FieldIssue[] => {
    const pointer = pointerOf(index, 'path');
    const key = path.toLowerCase();
    const twin = seen.get(key);
    const inside = folders.get(key);
    seen.set(key, path);
    if (twin === path) return [{ pointer, detail: `the file "${path}" is there twice` }];
    if (twin !== undefined) return [{ pointer, detail: `"${path}" and "${twin}" differ only by case: not every system can hold both` }];
    if (inside !== undefined) return [{ pointer, detail: `"${path}" is a file, and a folder of "${inside}"` }];
    return [];
  });
}

function foldersOf(path: string): string[] {
  const parts = path.toLowerCase().split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

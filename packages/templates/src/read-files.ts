import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { SourceFile } from '@torii/contracts';

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Every file below `folder`, sorted by path: as text where it is UTF-8 without NUL, as base64 where it is not. */
export function readFiles(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => sourceFile(relative(folder, path).split(sep).join('/'), readFileSync(path)))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

function sourceFile(path: string, bytes: Buffer): SourceFile {
  try {
    const content = text.decode(bytes);
    if (!content.includes('\0')) return { path, content, encoding: 'utf8' };
  } catch {
    // Not UTF-8: stored as bytes below.
  }
  return { path, content: bytes.toString('base64'), encoding: 'base64' };
}

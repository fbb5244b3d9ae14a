import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { VirtualTree } from './virtual-tree.js';

export const pdkName = '@torii/pdk';

let tree: VirtualTree | undefined;

/** The modules of `@torii/pdk`, which every function can import; read once per thread. */
export function pdkTree(): VirtualTree {
  tree ??= new VirtualTree(read(path.dirname(createRequire(import.meta.url).resolve('@torii/pdk'))));
  return tree;
}

function read(folder: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const isModule = entry.isFile() && /\.(ts|js)$/.test(entry.name) && !/\.(d|spec)\.ts$/.test(entry.name);
    if (isModule) files.set(path.relative(folder, file).split(path.sep).join('/'), readFileSync(file));
  }
  return files;
}

import type { Loader } from 'esbuild';

const loaders: Readonly<Record<string, Loader>> = {
  js: 'js',
  mjs: 'js',
  cjs: 'js',
  jsx: 'jsx',
  ts: 'ts',
  mts: 'ts',
  cts: 'ts',
  tsx: 'tsx',
  json: 'json',
  txt: 'text',
  md: 'text',
  html: 'text',
  css: 'text',
  svg: 'text',
  xml: 'text',
  csv: 'text',
  sql: 'text',
  graphql: 'text',
  yaml: 'text',
  yml: 'text',
  wasm: 'binary',
  bin: 'binary',
};

/** What a file becomes when it is imported: code, a value, a text or a Uint8Array; undefined for kinds that cannot be. */
export function loaderOf(path: string): Loader | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  // Packages have programs without one.
  if (dot <= 0) return 'js';
  const extension = name.slice(dot + 1).toLowerCase();
  return Object.hasOwn(loaders, extension) ? loaders[extension] : undefined;
}

export const importableKinds = Object.keys(loaders).join(', ');

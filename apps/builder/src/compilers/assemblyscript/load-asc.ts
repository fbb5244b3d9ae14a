import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CompilerMessage } from './compiler-diagnostics.js';

/** The part of asc that builds need. Its own types are not used: they declare globals of its language for all of ours. */
export interface Asc {
  main(args: readonly string[], options: AscOptions): Promise<{ readonly error: Error | null }>;
  /** Sources of the standard library by name; those without a slash are read in every build. */
  readonly libraryFiles: Record<string, string>;
}

interface AscOptions {
  readonly transforms: readonly unknown[];
  readonly readFile: (path: string) => string | null;
  readonly writeFile: (path: string, contents: string | Uint8Array) => void;
  readonly listFiles: () => readonly string[];
  readonly stderr: { readonly write: (text: string | Uint8Array) => void };
  readonly reportDiagnostic: (message: CompilerMessage) => void;
}

const require = createRequire(import.meta.url);

export async function loadAsc(): Promise<Asc> {
  const folder = join(require.resolve('assemblyscript/package.json'), '..');
  return (await import(pathToFileURL(join(folder, 'dist/asc.js')).href)) as Asc;
}

/** The transform of json-as, which writes the code behind `@json`. */
export async function loadJsonTransform(): Promise<unknown> {
  const { default: transform } = (await import(pathToFileURL(require.resolve('json-as')).href)) as { default: unknown };
  return transform;
}

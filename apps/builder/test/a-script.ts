import { BuildError } from '@torii/contracts';
import { compileJavaScript } from '@torii/js-compiler';

const limits = { outputMaxBytes: 16 * 1024 * 1024, memoryMaxBytes: 64 * 1024 * 1024, topLevelCpuMs: 60_000, topLevelWallMs: 300_000 };

/** The module that a function of one file in JavaScript builds to; throws what is wrong with it in one text. */
export async function compileScript(source: string): Promise<Uint8Array> {
  return compileFiles({ 'index.js': source }, 'index.js');
}

/** The same for several files. */
export async function compileFiles(sources: Readonly<Record<string, string>>, entry: string): Promise<Uint8Array> {
  const files = new Map(Object.entries(sources).map(([path, text]): [string, Uint8Array] => [path, Buffer.from(text)]));
  try {
    return (await compileJavaScript({ files, entry, functionNames: [] }, limits)).wasm;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    throw new Error(`${error.code}: ${error.message}`, { cause: error });
  }
}

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

type Esbuild = typeof import('esbuild');

const require = createRequire(import.meta.url);
let loaded: Promise<Esbuild> | undefined;

/**
 * esbuild, whose process is started by the first build and ends with this one. The first caller says what it may take of
 * memory; on systems that bound no program it takes what it needs.
 */
export function loadEsbuild(memoryMaxBytes: number | undefined): Promise<Esbuild> {
  if (loaded === undefined) {
    if (memoryMaxBytes !== undefined) bound(memoryMaxBytes);
    loaded = import('esbuild');
  }
  return loaded;
}

/** esbuild looks here for its program, and hands its environment on. */
function bound(memoryMaxBytes: number): void {
  const ofEsbuild = createRequire(require.resolve('esbuild/package.json'));
  process.env.TORII_ESBUILD_PROGRAM = ofEsbuild.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
  process.env.TORII_ESBUILD_MEMORY_KIB = String(Math.ceil(memoryMaxBytes / 1024));
  process.env.ESBUILD_BINARY_PATH = fileURLToPath(new URL('../../engine/bounded-esbuild.sh', import.meta.url));
}

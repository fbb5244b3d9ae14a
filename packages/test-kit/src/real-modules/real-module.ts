import { readFile } from 'node:fs/promises';

/** Modules that toolchains people use have made; `modules/README.md` says of what and how. */
export const realModuleNames = ['assemblyscript', 'c', 'c-jumps', 'c-jumps-exnref', 'go', 'quickjs', 'rust'] as const;

export type RealModuleName = (typeof realModuleNames)[number];

const files: Record<RealModuleName, URL> = {
  assemblyscript: new URL('../../modules/assemblyscript/corpus.wasm', import.meta.url),
  c: new URL('../../modules/c/corpus.wasm', import.meta.url),
  'c-jumps': new URL('../../modules/c/jumps.wasm', import.meta.url),
  'c-jumps-exnref': new URL('../../modules/c/jumps-exnref.wasm', import.meta.url),
  go: new URL('../../../../examples/geolocation-go/geolocation.wasm', import.meta.url),
  quickjs: new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm')),
  rust: new URL('../../modules/rust/corpus.wasm', import.meta.url),
};

/** The bytes of a module, as its toolchain left them. */
export function realModule(name: RealModuleName): Promise<Uint8Array> {
  return readFile(files[name]);
}

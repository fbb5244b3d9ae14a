import { readFile } from 'node:fs/promises';
import wabt from 'wabt';

/** Every proposal that wabt can compile and that current toolchains use. */
const features = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  threads: true,
  function_references: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
  annotations: true,
  code_metadata: true,
  gc: true,
  memory64: true,
  extended_const: true,
  relaxed_simd: true,
};

let compiler: ReturnType<typeof wabt> | undefined;

/** Compiles WebAssembly text. Throws with the place of the first error. */
export async function compileWat(text: string): Promise<Uint8Array> {
  compiler ??= wabt();
  const module = (await compiler).parseWat('guest.wat', text, features);
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

export type GuestName = 'hello' | 'echo' | 'loop-forever' | 'trap' | 'grow-memory' | 'bad-json' | 'calls-kv';

/** One of the guests in `packages/test-kit/wasm`, compiled; each exports `run`. */
export async function guest(name: GuestName): Promise<Uint8Array> {
  return compileWat(await readFile(new URL(`../wasm/${name}.wat`, import.meta.url), 'utf8'));
}

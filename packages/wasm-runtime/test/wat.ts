import { readFileSync } from 'node:fs';
import wabtInit from 'wabt';

const wabt = await wabtInit();

/** Every proposal that current toolchains use. */
const features = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
};

/** Compiles WebAssembly text; throws with the line of the first error. */
export function compileWat(text: string): Uint8Array {
  const parsed = wabt.parseWat('guest.wat', text, features);
  try {
    return new Uint8Array(parsed.toBinary({ write_debug_names: true }).buffer);
  } finally {
    parsed.destroy();
  }
}

export function readWat(name: string): string {
  return readFileSync(new URL(`wasm/${name}.wat`, import.meta.url), 'utf8');
}

/** `test/wasm/<name>.wat`, compiled. */
export function guestBytes(name: string): Uint8Array {
  return compileWat(readWat(name));
}

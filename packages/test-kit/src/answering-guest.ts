import { compileWat } from './wat.js';

/** What a function of a guest answers: a text; with `after`, its input between the two. */
export interface GuestAnswer {
  readonly before: string;
  readonly after?: string | undefined;
}

/** A guest whose `run` answers a text; with `after`, its input between the two. */
export function answeringGuest(before: string, after?: string): Promise<Uint8Array> {
  return answeringGuestWith({ run: { before, after } });
}

/** A guest with several functions, by the names they are exported by. */
export function answeringGuestWith(functions: Readonly<Record<string, GuestAnswer>>): Promise<Uint8Array> {
  let text = '';
  const exports = Object.entries(functions).map(([name, { before, after }]) => {
    const start = Buffer.byteLength(text);
    const middle = start + Buffer.byteLength(before);
    text += before + (after ?? '');
    return answeringFunction(name, { start, middle, end: Buffer.byteLength(text), takesInput: after !== undefined });
  });
  const escaped = [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  return compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (memory (export "memory") 2)
    (data (i32.const 0) "${escaped}")
    (global $at (mut i64) (i64.const 0))
    (func $put (param $byte i32)
      (call $store_u8 (global.get $at) (local.get $byte))
      (global.set $at (i64.add (global.get $at) (i64.const 1))))
    (func $text (param $from i32) (param $end i32)
      (block $done (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (call $put (i32.load8_u (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br $next))))
    ${exports.join('\n')})`);
}

interface Place {
  readonly start: number;
  readonly middle: number;
  readonly end: number;
  readonly takesInput: boolean;
}

function answeringFunction(name: string, { start, middle, end, takesInput }: Place): string {
  const inputSize = takesInput ? '(call $input_length)' : '(i64.const 0)';
  return `(func (export "${name}") (result i32) (local $i i64) (local $output i64) (local $size i64)
      (local.set $size (i64.add ${inputSize} (i64.const ${end - start})))
      (local.set $output (call $alloc (local.get $size)))
      (global.set $at (local.get $output))
      (call $text (i32.const ${start}) (i32.const ${middle}))
      (block $done (loop $next
        (br_if $done (i64.ge_u (local.get $i) ${inputSize}))
        (call $put (call $input_load_u8 (local.get $i)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next)))
      (call $text (i32.const ${middle}) (i32.const ${end}))
      (call $output_set (local.get $output) (local.get $size))
      (i32.const 0))`;
}

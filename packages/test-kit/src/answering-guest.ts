import { compileWat } from './wat.js';

/** A guest whose `run` answers a text; with `after`, its input between the two. */
export function answeringGuest(before: string, after?: string): Promise<Uint8Array> {
  const escaped = (text: string): string => [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  const [beforeSize, afterSize] = [Buffer.byteLength(before), Buffer.byteLength(after ?? '')];
  const inputSize = after === undefined ? '(i64.const 0)' : '(call $input_length)';
  return compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (memory (export "memory") 2)
    (data (i32.const 0) "${escaped(before)}${escaped(after ?? '')}")
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
    (func (export "run") (result i32) (local $i i64) (local $output i64) (local $size i64)
      (local.set $size (i64.add ${inputSize} (i64.const ${beforeSize + afterSize})))
      (local.set $output (call $alloc (local.get $size)))
      (global.set $at (local.get $output))
      (call $text (i32.const 0) (i32.const ${beforeSize}))
      (block $done (loop $next
        (br_if $done (i64.ge_u (local.get $i) ${inputSize}))
        (call $put (call $input_load_u8 (local.get $i)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next)))
      (call $text (i32.const ${beforeSize}) (i32.const ${beforeSize + afterSize}))
      (call $output_set (local.get $output) (local.get $size))
      (i32.const 0)))`);
}

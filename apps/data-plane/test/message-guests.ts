import { compileWat } from '@torii/test-kit';

const imports = `
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)`;

/** `":{"kind` as eight bytes: what stands before the kind of a message, and nowhere else in the inputs of these tests. */
const beforeKind = `0x${[...Buffer.from('":{"kind')]
  .reverse()
  .map((byte) => byte.toString(16).padStart(2, '0'))
  .join('')}`;

/**
 * A guest that answers with its input, whose message is an output's. In capitals from the payload of a text on; bytes stay as they are.
 */
export function shoutingGuest(functionNames: readonly string[]): Promise<Uint8Array> {
  const exports = functionNames.map((name) => `(func (export "${name}") (result i32) (call $shout) (i32.const 0))`);
  return compileWat(`(module ${imports}
    (global $from (mut i64) (i64.const 0))
    (func $find (local $i i64) (local $last i64)
      (local.set $last (i64.sub (call $input_length) (i64.const 8)))
      (block $done (loop $next
        (br_if $done (i64.gt_s (local.get $i) (local.get $last)))
        (if (i64.eq (call $input_load_u64 (local.get $i)) (i64.const ${beforeKind}))
          (then (global.set $from (i64.add (local.get $i) (i64.const ${'":{"kind":"text","payload":"'.length})))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next))))
    (func $capital (param $byte i32) (result i32)
      (if (result i32)
        (i32.and (i32.ge_u (local.get $byte) (i32.const 97)) (i32.le_u (local.get $byte) (i32.const 122)))
        (then (i32.sub (local.get $byte) (i32.const 32)))
        (else (local.get $byte))))
    (func $shout (local $i i64) (local $output i64) (local $size i64) (local $byte i32)
      (call $find)
      (local.set $size (call $input_length))
      (local.set $output (call $alloc (local.get $size)))
      (block $done (loop $next
        (br_if $done (i64.ge_u (local.get $i) (local.get $size)))
        (local.set $byte (call $input_load_u8 (local.get $i)))
        (if (i64.ge_u (local.get $i) (global.get $from)) (then (local.set $byte (call $capital (local.get $byte)))))
        (call $store_u8 (i64.add (local.get $output) (local.get $i)) (local.get $byte))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next)))
      (call $output_set (local.get $output) (local.get $size)))
    ${exports.join('\n')})`);
}

/** A guest that makes a text of its input: each byte as a character of that number. */
export function tellingGuest(functionName: string): Promise<Uint8Array> {
  const before = '{"message":{"kind":"text","payload":"';
  const escaped = (text: string): string => [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  return compileWat(`(module ${imports}
    (data (i32.const 0) "${escaped(before)}")
    (data (i32.const 64) "${escaped('"}}')}")
    (data (i32.const 80) "${escaped('0123456789abcdef')}")
    (global $at (mut i64) (i64.const 0))
    (func $put (param $byte i32)
      (call $store_u8 (global.get $at) (local.get $byte))
      (global.set $at (i64.add (global.get $at) (i64.const 1))))
    (func $text (param $from i32) (param $size i32) (local $i i32)
      (loop $next
        (call $put (i32.load8_u (i32.add (local.get $from) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (local.get $size)))))
    (func $digit (param $value i32) (call $put (i32.load8_u (i32.add (i32.const 80) (local.get $value)))))
    (func (export "${functionName}") (result i32) (local $i i64) (local $byte i32) (local $output i64) (local $size i64)
      (local.set $size (i64.add (i64.mul (call $input_length) (i64.const 6)) (i64.const ${before.length + 3})))
      (local.set $output (call $alloc (local.get $size)))
      (global.set $at (local.get $output))
      (call $text (i32.const 0) (i32.const ${before.length}))
      (block $done (loop $next
        (br_if $done (i64.ge_u (local.get $i) (call $input_length)))
        (local.set $byte (call $input_load_u8 (local.get $i)))
        (call $put (i32.const 92)) (call $put (i32.const 117)) (call $put (i32.const 48)) (call $put (i32.const 48))
        (call $digit (i32.shr_u (local.get $byte) (i32.const 4)))
        (call $digit (i32.and (local.get $byte) (i32.const 15)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next)))
      (call $text (i32.const 64) (i32.const 3))
      (call $output_set (local.get $output) (local.get $size))
      (i32.const 0)))`);
}

/** The input that such a guest was called with. */
export function inputIn(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text, 'latin1').toString()) as Record<string, unknown>;
}

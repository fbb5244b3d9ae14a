import { hostFunctions } from '@torii/contracts';
import { compileWat } from '@torii/test-kit';

/**
 * A backend that calls host functions, each with a fixed argument, and answers `[answers...]` as JSON: a number, the block
 * that a `pointer` leads to (which must hold JSON), or null where the pointer is 0.
 */
export function hostCaller(calls: readonly { name: string; argument?: string; answers: 'number' | 'pointer' }[]): Promise<Uint8Array> {
  const texts: string[] = [];
  let end = 0;
  /** Puts a text into the guest's memory, and answers the code that pushes where it is and how long. */
  const textAt = (text: string): string => {
    const bytes = Buffer.from(text);
    const at = end;
    end += bytes.length;
    texts.push(`(data (i32.const ${at}) "${[...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`);
    return `i32.const ${at} i32.const ${bytes.length}`;
  };
  const isUnary = (name: string): boolean => hostFunctions[name]?.params.length === 1;
  const names = [...new Set(calls.map(({ name }) => name))];
  const imports = names.map((name) => `(import "env" "${name}" (func $${name} ${isUnary(name) ? '(param i64)' : '(param i64 i64)'} (result i64)))`);
  const [begin, comma, close] = ['{"body_json":[', ',', ']}'].map(textAt);
  const steps = calls.map(({ name, argument = '', answers }, index) => {
    const size = Buffer.byteLength(argument);
    const given = isUnary(name) ? 'i64.const 0' : `${textAt(argument)} call $block i64.const ${size}`;
    return `${index === 0 ? '' : `${comma} call $put`} ${given} call $${name} call $put_${answers}`;
  });
  const nothing = textAt('null');
  return compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "load_u8" (func $load (param i64) (result i32)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    ${imports.join('\n')}
    (memory (export "memory") 1)
    ${texts.join('\n')}
    (global $at (mut i64) (i64.const 0))
    (func $byte (param $b i32)
      (call $store (global.get $at) (local.get $b))
      (global.set $at (i64.add (global.get $at) (i64.const 1))))
    (func $put (param $from i32) (param $n i32) (local $i i32)
      (block $done (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (call $byte (i32.load8_u (i32.add (local.get $from) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (func $block (param $from i32) (param $n i32) (result i64) (local $p i64) (local $before i64)
      (local.set $before (global.get $at))
      (local.set $p (call $alloc (i64.extend_i32_u (local.get $n))))
      (global.set $at (local.get $p))
      (call $put (local.get $from) (local.get $n))
      (global.set $at (local.get $before))
      (local.get $p))
    (func $digits (param $n i64)
      (if (i64.ge_u (local.get $n) (i64.const 10)) (then (call $digits (i64.div_u (local.get $n) (i64.const 10)))))
      (call $byte (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 10))))))
    (func $put_number (param $n i64)
      (if (i64.lt_s (local.get $n) (i64.const 0))
        (then (call $byte (i32.const 45)) (local.set $n (i64.sub (i64.const 0) (local.get $n)))))
      (call $digits (local.get $n)))
    (func $put_pointer (param $p i64) (local $i i64)
      (if (i64.eqz (local.get $p)) (then ${nothing} call $put return))
      (block $done (loop $next
        (br_if $done (i64.ge_u (local.get $i) (call $length (local.get $p))))
        (call $byte (call $load (i64.add (local.get $p) (local.get $i))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next))))
    (func (export "run") (result i32) (local $start i64)
      (local.set $start (call $alloc (i64.const 60000)))
      (global.set $at (local.get $start))
      ${begin} call $put
      ${steps.join('\n')}
      ${close} call $put
      (call $output (local.get $start) (i64.sub (global.get $at) (local.get $start)))
      (i32.const 0)))`);
}

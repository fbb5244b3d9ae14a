;; A backend that shows what backends are called with: it answers {"body_json": <its input>}.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))

  (memory (export "memory") 1)
  (data (i32.const 0) "{\"body_json\":")

  (func (export "execute") (result i32)
    (local $length i64)
    (local $output i64)
    (local.set $length (i64.add (call $input_length) (i64.const 14)))
    (local.set $output (call $alloc (local.get $length)))
    (call $copy_text (local.get $output))
    (call $copy_block (call $input_offset) (call $input_length) (i64.add (local.get $output) (i64.const 13)))
    (call $store_u8 (i64.add (local.get $output) (i64.sub (local.get $length) (i64.const 1))) (i32.const 125))
    (call $output_set (local.get $output) (local.get $length))
    (i32.const 0))

  ;; The 13 bytes of our own memory that the output begins with.
  (func $copy_text (param $to i64)
    (local $at i32)
    (loop $next
      (call $store_u8
        (i64.add (local.get $to) (i64.extend_i32_u (local.get $at)))
        (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 13)))))

  ;; Blocks are in memory of the host: bytes go from one to another through these calls only.
  (func $copy_block (param $from i64) (param $length i64) (param $to i64)
    (local $at i64)
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $at) (local.get $length)))
        (call $store_u8
          (i64.add (local.get $to) (local.get $at))
          (call $load_u8 (i64.add (local.get $from) (local.get $at))))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next)))))

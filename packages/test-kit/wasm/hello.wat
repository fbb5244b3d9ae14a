;; Answers {"status":200,"body_str":"hello"} to everything.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"status\":200,\"body_str\":\"hello\"}")
  (global $size i64 (i64.const 33))

  (func (export "run") (result i32)
    (local $output i64)
    (local $i i64)
    (local.set $output (call $alloc (global.get $size)))
    (loop $copy
      (call $store_u8
        (i64.add (local.get $output) (local.get $i))
        (i32.load8_u (i32.wrap_i64 (local.get $i))))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $copy (i64.lt_u (local.get $i) (global.get $size))))
    (call $output_set (local.get $output) (global.get $size))
    (i32.const 0)))

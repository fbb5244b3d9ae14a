;; Answers what is not JSON.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $output i64)
    (local.set $output (call $alloc (i64.const 8)))
    ;; "not json"
    (call $store_u64 (local.get $output) (i64.const 0x6e6f736a20746f6e))
    (call $output_set (local.get $output) (i64.const 8))
    (i32.const 0)))

;; Answers its whole input as the body: {"status":200,"body_json":<input>}.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"status\":200,\"body_json\":")
  (global $prefixSize i64 (i64.const 26))

  (func (export "run") (result i32)
    (local $inputSize i64)
    (local $size i64)
    (local $output i64)
    (local $i i64)
    (local.set $inputSize (call $input_length))
    (local.set $size (i64.add (i64.add (global.get $prefixSize) (local.get $inputSize)) (i64.const 1)))
    (local.set $output (call $alloc (local.get $size)))
    (loop $prefix
      (call $store_u8
        (i64.add (local.get $output) (local.get $i))
        (i32.load8_u (i32.wrap_i64 (local.get $i))))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $prefix (i64.lt_u (local.get $i) (global.get $prefixSize))))
    (local.set $i (i64.const 0))
    (block $copied
      (loop $copy
        (br_if $copied (i64.ge_u (local.get $i) (local.get $inputSize)))
        (call $store_u8
          (i64.add (i64.add (local.get $output) (global.get $prefixSize)) (local.get $i))
          (call $input_load_u8 (local.get $i)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $copy)))
    ;; The closing brace.
    (call $store_u8 (i64.sub (i64.add (local.get $output) (local.get $size)) (i64.const 1)) (i32.const 125))
    (call $output_set (local.get $output) (local.get $size))
    (i32.const 0)))

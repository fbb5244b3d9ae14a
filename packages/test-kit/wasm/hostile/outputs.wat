;; Outputs and errors in the wrong order, or followed by something else than a return.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)

  (func $set_output (call $output_set (call $input_offset) (call $input_length)))

  (func (export "outputThenTrap") (result i32) (call $set_output) (unreachable))
  (func (export "outputThenLoop") (result i32) (call $set_output) (loop $again (br $again)) (unreachable))
  (func (export "outputThenExit") (result i32) (call $set_output) (call $exit (i32.const 1)) (unreachable))
  (func (export "outputThenFail") (result i32) (call $set_output) (i32.const -1))
  (func (export "outputThenError") (result i32) (call $set_output) (call $error_set (call $input_offset)) (i32.const 0))
  (func (export "errorThenOutput") (result i32) (call $error_set (call $input_offset)) (call $set_output) (i32.const 0))

  ;; From before the first block to behind its input: lengths that stand between blocks, and the input itself.
  (func (export "overlapping") (result i32)
    (call $output_set (i64.const 1) (i64.add (call $input_offset) (call $input_length)))
    (i32.const 0))

  ;; Sets an output of 16 MiB, all written.
  (func (export "huge") (result i32)
    (local $block i64)
    (local $at i64)
    (local.set $block (call $alloc (i64.const 16777216)))
    (loop $more
      (call $store_u8 (i64.add (local.get $block) (local.get $at)) (i32.const 97))
      (br_if $more (i64.lt_u (local.tee $at (i64.add (local.get $at) (i64.const 4096))) (i64.const 16777216))))
    (call $output_set (local.get $block) (i64.const 16777216))
    (i32.const 0)))

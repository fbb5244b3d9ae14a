;; Calls itself until the stack is used up.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "env" "proxy_plugin_map_set" (func $map_set (param i64 i64) (result i64)))
  (import "env" "proxy_log" (func $log (param i32 i64 i64) (result i32)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (type $step (func (param i32) (result i32)))
  (table $table 2 funcref)
  (elem (table $table) (i32.const 0) func $left $right)

  ;; Every way uses what the call answers, so that none is a tail call.
  (func $direct (export "direct") (result i32) (i32.add (i32.const 1) (call $direct)))

  (func $left (param i32) (result i32)
    (i32.add (i32.const 1) (call_indirect $table (type $step) (local.get 0) (i32.const 1))))
  (func $right (param i32) (result i32)
    (i32.add (local.get 0) (call_indirect $table (type $step) (local.get 0) (i32.const 0))))
  (func (export "byTable") (result i32) (call $left (i32.const 0)))

  ;; Each call takes a lot of stack.
  (func $wide (param $x f64) (result f64)
    (local $a f64) (local $b f64) (local $c f64) (local $d f64)
    (local.set $a (call $wide (f64.add (local.get $x) (f64.const 1))))
    (local.set $b (call $wide (f64.add (local.get $a) (local.get $x))))
    (local.set $c (call $wide (f64.add (local.get $b) (local.get $a))))
    (local.set $d (call $wide (f64.add (local.get $c) (local.get $b))))
    (f64.add (f64.add (local.get $a) (local.get $b)) (f64.add (local.get $c) (local.get $d))))
  (func (export "wide") (result i32) (drop (call $wide (f64.const 1))) (i32.const 0))

  ;; Calls the host at every depth, so that the stack may end within the host.
  (func $by_log (export "callingLog") (result i32)
    (drop (call $log (i32.const 0) (i64.const 0) (i64.const 0)))
    (i32.add (i32.const 1) (call $by_log)))
  (func $by_config (export "callingConfig") (result i32)
    (drop (call $config_get (i64.const 0)))
    (i32.add (i32.const 1) (call $by_config)))
  (func $by_map (export "callingMap") (result i32)
    (drop (call $map_set (call $input_offset) (call $input_length)))
    (i32.add (i32.const 1) (call $by_map)))
  (func $by_kernel (export "callingKernel") (result i32)
    (drop (call $alloc (i64.const 1)))
    (i32.add (i32.const 1) (call $by_kernel)))
  (func $by_wasi (export "callingWasi") (result i32)
    (drop (call $random_get (i32.const 0) (i32.const 1)))
    (i32.add (i32.const 1) (call $by_wasi)))

  ;; Tries again each time the stack is used up.
  (func (export "again") (result i32)
    (loop $again
      (try (do (drop (call $direct))) (catch_all))
      (br $again))
    (unreachable))
  (func (export "againCallingLog") (result i32)
    (loop $again
      (try (do (drop (call $by_log))) (catch_all))
      (br $again))
    (unreachable)))

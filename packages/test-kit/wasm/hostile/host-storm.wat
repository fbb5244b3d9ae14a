;; Does nothing but call the host, as often as it can; the ones that end in "Catching" catch what the host throws at them.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "log_error" (func $log_error (param i64)))
  (import "env" "proxy_log" (func $log (param i32 i64 i64) (result i32)))
  (import "env" "proxy_plugin_map_set" (func $map_set (param i64 i64) (result i64)))
  (memory (export "memory") 1)

  ;; Functions of the kernel: wasm calls wasm, the host does not notice.
  (func (export "kernel") (result i32)
    (loop $again
      (drop (call $input_length))
      (br $again))
    (unreachable))
  (func (export "allocAndFree") (result i32)
    (loop $again
      (call $free (call $alloc (i64.const 100000)))
      (br $again))
    (unreachable))

  ;; Functions that the host serves.
  (func (export "log") (result i32)
    (loop $again
      (drop (call $log (i32.const 4) (call $input_offset) (call $input_length)))
      (br $again))
    (unreachable))
  (func (export "logCatching") (result i32)
    (loop $again
      (try (do (drop (call $log (i32.const 4) (call $input_offset) (call $input_length)))) (catch_all))
      (br $again))
    (unreachable))
  (func (export "kernelLogCatching") (result i32)
    (loop $again
      (try (do (call $log_error (call $input_offset))) (catch_all))
      (br $again))
    (unreachable))
  (func (export "mapCatching") (result i32)
    (loop $again
      (try (do (drop (call $map_set (call $input_offset) (call $input_length)))) (catch_all))
      (br $again))
    (unreachable))
  (func (export "configCatching") (result i32)
    (loop $again
      (try (do (drop (call $config_get (call $input_offset)))) (catch_all))
      (br $again))
    (unreachable))

  ;; Keeps a var of each name it can think of.
  (func (export "vars") (result i32)
    (local $name i64)
    (local $i i64)
    (local.set $name (call $alloc (i64.const 8)))
    (loop $again
      (call $store_u64 (local.get $name) (local.tee $i (i64.add (local.get $i) (i64.const 1))))
      (call $var_set (local.get $name) (call $input_offset))
      (br $again))
    (unreachable)))

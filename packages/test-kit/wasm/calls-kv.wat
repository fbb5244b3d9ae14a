;; Writes "stored" under "k" in its map, reads it back, and answers {"body_str":"stored"}.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "env" "proxy_plugin_map_set" (func $map_set (param i64 i64) (result i64)))
  (import "env" "proxy_plugin_map_get" (func $map_get (param i64 i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"key\":\"k\",\"value\":\"stored\"}")
  (data (i32.const 64) "k")
  (data (i32.const 128) "{\"body_str\":\"")
  (data (i32.const 192) "\"}")

  ;; Copies own memory into the block at $to; answers where the copy ends.
  (func $put (param $to i64) (param $from i32) (param $size i32) (result i64)
    (loop $copy
      (call $store_u8 (local.get $to) (i32.load8_u (local.get $from)))
      (local.set $to (i64.add (local.get $to) (i64.const 1)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $size (i32.sub (local.get $size) (i32.const 1)))
      (br_if $copy (local.get $size)))
    (local.get $to))

  (func (export "run") (result i32)
    (local $argument i64)
    (local $value i64)
    (local $size i64)
    (local $output i64)
    (local $end i64)
    (local $i i64)
    (local.set $argument (call $alloc (i64.const 28)))
    (drop (call $put (local.get $argument) (i32.const 0) (i32.const 28)))
    (drop (call $map_set (local.get $argument) (i64.const 28)))

    (local.set $argument (call $alloc (i64.const 1)))
    (drop (call $put (local.get $argument) (i32.const 64) (i32.const 1)))
    (local.set $value (call $map_get (local.get $argument) (i64.const 1)))
    (local.set $size (call $length (local.get $value)))

    (local.set $output (call $alloc (i64.add (local.get $size) (i64.const 15))))
    (local.set $end (call $put (local.get $output) (i32.const 128) (i32.const 13)))
    (block $copied
      (loop $copy
        (br_if $copied (i64.ge_u (local.get $i) (local.get $size)))
        (call $store_u8 (local.get $end) (call $load_u8 (i64.add (local.get $value) (local.get $i))))
        (local.set $end (i64.add (local.get $end) (i64.const 1)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $copy)))
    (local.set $end (call $put (local.get $end) (i32.const 192) (i32.const 2)))
    (call $output_set (local.get $output) (i64.sub (local.get $end) (local.get $output)))
    (i32.const 0)))

;; Counts calls in the map that all instances of the plugin share, and answers {"body_json": <how many>}.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/user" "proxy_plugin_map_incrby" (func $increment (param i64 i64) (result i64)))

  (memory (export "memory") 1)
  (data (i32.const 0) "{\"key\":\"calls\",\"incr\":1}")
  (data (i32.const 32) "{\"body_json\":")
  (global $argument_length i32 (i32.const 24))
  (global $answer i32 (i32.const 32))
  (global $digits i32 (i32.const 45))

  (func (export "execute") (result i32)
    (local $end i32)
    (local.set $end
      (call $write_number
        (global.get $digits)
        (call $increment
          (call $block (i32.const 0) (global.get $argument_length))
          (i64.extend_i32_u (global.get $argument_length)))))
    (i32.store8 (local.get $end) (i32.const 125))
    (call $answer_with (global.get $answer) (i32.sub (i32.add (local.get $end) (i32.const 1)) (global.get $answer)))
    (i32.const 0))

  (func $answer_with (param $from i32) (param $length i32)
    (call $output_set
      (call $block (local.get $from) (local.get $length))
      (i64.extend_i32_u (local.get $length))))

  ;; A block of the host with bytes of our memory in it.
  (func $block (param $from i32) (param $length i32) (result i64)
    (local $block i64)
    (local $at i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (loop $next
      (call $store_u8
        (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
        (i32.load8_u (i32.add (local.get $from) (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $length))))
    (local.get $block))

  ;; Writes a number in decimal digits, and answers where it ends.
  (func $write_number (param $to i32) (param $value i64) (result i32)
    (if (i64.ge_u (local.get $value) (i64.const 10))
      (then (local.set $to (call $write_number (local.get $to) (i64.div_u (local.get $value) (i64.const 10))))))
    (i32.store8
      (local.get $to)
      (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $value) (i64.const 10)))))
    (i32.add (local.get $to) (i32.const 1))))

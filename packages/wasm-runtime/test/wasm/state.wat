;; Guests that remember: in memory, in a global, in a table, in memory they have grown, in what they drew at the start.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 2)
  (global $calls (mut i32) (i32.const 0))
  (data (i32.const 70000) "from the beginning")

  ;; Answers one byte.
  (func $answer (param $byte i32)
    (local $block i64)
    (local.set $block (call $alloc (i64.const 1)))
    (call $store_u8 (local.get $block) (local.get $byte))
    (call $output_set (local.get $block) (i64.const 1)))

  ;; How often it was called, by a global and by memory; 255 when the two differ.
  (func (export "count") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (i32.const 1)))
    (call $answer (select (global.get $calls) (i32.const 255) (i32.eq (global.get $calls) (i32.load (i32.const 100)))))
    (i32.const 0))

  ;; Answers the OR of all its memory but for what was there from the beginning, then covers its memory with its input.
  (func (export "smear") (result i32)
    (local $at i32) (local $found i32) (local $from i64) (local $length i64) (local $i i64)
    (loop $look
      (if (i32.or (i32.lt_u (local.get $at) (i32.const 70000)) (i32.ge_u (local.get $at) (i32.const 70020)))
        (then (local.set $found (i32.or (local.get $found) (i32.load (local.get $at))))))
      (br_if $look (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 131072))))
    (local.set $from (call $input_offset))
    (local.set $length (call $input_length))
    (if (i64.ne (local.get $length) (i64.const 0)) (then
      (loop $cover
        (local.set $at (i32.mul (i32.wrap_i64 (local.get $i)) (i32.const 997)))
        (i32.store8
          (i32.rem_u (local.get $at) (i32.const 131072))
          (call $load_u8 (i64.add (local.get $from) (i64.rem_u (local.get $i) (local.get $length)))))
        (br_if $cover (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 1))) (i64.const 4000))))))
    (call $answer (i32.ne (local.get $found) (i32.const 0)))
    (i32.const 0))

  ;; Answers what it finds in the last page, then grows by a page and writes there; 0 when it finds nothing.
  (func (export "grow") (result i32)
    (local $end i32)
    (local.set $end (i32.mul (memory.size) (i32.const 65536)))
    (call $answer (i32.load8_u (i32.sub (local.get $end) (i32.const 1))))
    (drop (memory.grow (i32.const 1)))
    (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 7))
    (i32.const 0))

  ;; Traps when its input begins with a "t", else answers it.
  (func (export "sometimes") (result i32)
    (if (i64.ne (call $input_length) (i64.const 0)) (then
      (if (i32.eq (call $load_u8 (call $input_offset)) (i32.const 116)) (then (unreachable)))))
    (call $output_set (call $input_offset) (call $input_length))
    (i32.const 0))

  ;; Computes for long when its input begins with an "l".
  (func (export "sometimesLong") (result i32)
    (local $i i32)
    (if (i64.ne (call $input_length) (i64.const 0)) (then
      (if (i32.eq (call $load_u8 (call $input_offset)) (i32.const 108)) (then
        (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 30000000))))))))
    (call $output_set (call $input_offset) (call $input_length))
    (i32.const 0))

  ;; Writes what is no output of any kind and returns as if all were well.
  (func (export "nonsense") (result i32)
    (call $answer (i32.const 0))
    (i32.const 0)))

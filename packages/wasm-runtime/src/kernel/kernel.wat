;; The Extism kernel of one instance: a bump allocator over a memory of its own, and what a call's input, output and
;; error are. Guests reach it only through these functions, never the memory itself.
;;
;; Layout: bytes 0 to 63 are unused, so that 0 is never a block; then blocks, each a 64-bit length followed by its bytes,
;; aligned to 8. A pointer is the offset of a block's first byte.
(module
  (memory (export "memory") 1)
  ;; First free byte.
  (global $top (mut i64) (i64.const 64))
  ;; The highest $top since the memory was last wiped.
  (global $high (mut i64) (i64.const 64))
  ;; $top never passes this; the host sets it once.
  (global $limit (export "limit") (mut i64) (i64.const 65536))
  (global $input (mut i64) (i64.const 0))
  (global $input_length (mut i64) (i64.const 0))
  (global $output (mut i64) (i64.const 0))
  (global $output_length (mut i64) (i64.const 0))
  (global $error (mut i64) (i64.const 0))

  (func $align (param $n i64) (result i64)
    (i64.and (i64.add (local.get $n) (i64.const 7)) (i64.const -8)))

  ;; 0 when the block would pass the limit or memory is short.
  (func $alloc (export "alloc") (param $length i64) (result i64)
    (local $pointer i64) (local $end i64) (local $size i64)
    (if (i64.eqz (local.get $length)) (then (return (i64.const 0))))
    (if (i64.gt_u (local.get $length) (global.get $limit)) (then (return (i64.const 0))))
    (local.set $pointer (i64.add (global.get $top) (i64.const 8)))
    (local.set $end (call $align (i64.add (local.get $pointer) (local.get $length))))
    (if (i64.gt_u (local.get $end) (global.get $limit)) (then (return (i64.const 0))))
    (local.set $size (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
    (if (i64.gt_u (local.get $end) (local.get $size)) (then
      (if (i32.eq
            (memory.grow (i32.wrap_i64 (i64.shr_u (i64.add (i64.sub (local.get $end) (local.get $size)) (i64.const 65535)) (i64.const 16))))
            (i32.const -1))
        (then (return (i64.const 0))))))
    (i64.store (i32.wrap_i64 (i64.sub (local.get $pointer) (i64.const 8))) (local.get $length))
    (global.set $top (local.get $end))
    (if (i64.gt_u (local.get $end) (global.get $high)) (then (global.set $high (local.get $end))))
    (local.get $pointer))

  (func $is_block (param $pointer i64) (result i32)
    (i32.and
      (i64.ge_u (local.get $pointer) (i64.const 72))
      (i64.lt_u (local.get $pointer) (global.get $top))))

  (func $length (export "length") (param $pointer i64) (result i64)
    (if (i32.eqz (call $is_block (local.get $pointer))) (then (return (i64.const 0))))
    (i64.load (i32.wrap_i64 (i64.sub (local.get $pointer) (i64.const 8)))))

  (func (export "length_unsafe") (param $pointer i64) (result i64)
    (call $length (local.get $pointer)))

  ;; Gives back the newest block; the others wait for the end of the call.
  (func (export "free") (param $pointer i64)
    (if (i32.eqz (call $is_block (local.get $pointer))) (then (return)))
    (if (i64.eq (call $align (i64.add (local.get $pointer) (call $length (local.get $pointer)))) (global.get $top))
      (then (global.set $top (i64.sub (local.get $pointer) (i64.const 8))))))

  (func (export "load_u8") (param $at i64) (result i32)
    (i32.load8_u (i32.wrap_i64 (local.get $at))))
  (func (export "load_u64") (param $at i64) (result i64)
    (i64.load (i32.wrap_i64 (local.get $at))))
  ;; What is stored outside of the blocks is dropped: `begin` would not wipe it, so the next call could read it.
  (func (export "store_u8") (param $at i64) (param $value i32)
    (if (i32.and (i64.ge_u (local.get $at) (i64.const 64)) (i64.lt_u (local.get $at) (global.get $top)))
      (then (i32.store8 (i32.wrap_i64 (local.get $at)) (local.get $value)))))
  (func (export "store_u64") (param $at i64) (param $value i64)
    (if (i32.and (i64.ge_u (local.get $at) (i64.const 64)) (i64.le_u (local.get $at) (i64.sub (global.get $top) (i64.const 8))))
      (then (i64.store (i32.wrap_i64 (local.get $at)) (local.get $value)))))

  (func (export "input_length") (result i64) (global.get $input_length))
  (func (export "input_offset") (result i64) (global.get $input))
  ;; Both read 0 behind the end of the input.
  (func (export "input_load_u8") (param $at i64) (result i32)
    (if (i64.ge_u (local.get $at) (global.get $input_length)) (then (return (i32.const 0))))
    (i32.load8_u (i32.wrap_i64 (i64.add (global.get $input) (local.get $at)))))
  (func (export "input_load_u64") (param $at i64) (result i64)
    (if (i64.ge_u (local.get $at) (global.get $input_length)) (then (return (i64.const 0))))
    (if (i64.gt_u (i64.add (local.get $at) (i64.const 8)) (global.get $input_length)) (then (return (i64.const 0))))
    (i64.load (i32.wrap_i64 (i64.add (global.get $input) (local.get $at)))))

  (func (export "output_set") (param $pointer i64) (param $length i64)
    (global.set $output (local.get $pointer))
    (global.set $output_length (local.get $length)))
  (func (export "error_set") (param $pointer i64) (global.set $error (local.get $pointer)))
  (func (export "error_get") (result i64) (global.get $error))

  ;; For the host only, with 32-bit numbers, because BigInts cost.

  ;; Begins a call: wipes what the last one left and answers where the input goes; 0 when it is empty or does not fit.
  (func (export "begin") (param $length i32) (result i32)
    (memory.fill (i32.const 64) (i32.const 0) (i32.wrap_i64 (i64.sub (global.get $high) (i64.const 64))))
    (global.set $top (i64.const 64))
    (global.set $high (i64.const 64))
    (global.set $output (i64.const 0))
    (global.set $output_length (i64.const 0))
    (global.set $error (i64.const 0))
    (global.set $input (call $alloc (i64.extend_i32_u (local.get $length))))
    (global.set $input_length (select (i64.extend_i32_u (local.get $length)) (i64.const 0) (i64.ne (global.get $input) (i64.const 0))))
    (i32.wrap_i64 (global.get $input)))
  (func (export "top") (result i32) (i32.wrap_i64 (global.get $top)))
  (func (export "output") (result i64) (global.get $output))
  (func (export "output_length") (result i64) (global.get $output_length)))

;; Backends whose answers are well-formed JSON, or nearly, and must not be sent as they are.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"status\":200,\"headers\":{\"x-a\":\"b\\r\\nset-cookie: stolen=1\"},\"body_str\":\"x\"}\00")
  (data (i32.const 256) "{\"status\":200,\"headers\":{\"x-a\\r\\nset-cookie\":\"stolen=1\"},\"body_str\":\"x\"}\00")
  (data (i32.const 512) "{\"status\":200,\"cookies\":[{\"name\":\"a\",\"value\":\"b; Domain=example.com\\r\\nx-b: c\"}],\"body_str\":\"x\"}\00")
  (data (i32.const 768) "{\"status\":999,\"body_str\":\"x\"}\00")
  (data (i32.const 1024) "{\"status\":200,\"body_base64\":\"@@@ this is no base64 @@@\"}\00")
  (data (i32.const 1280) "{\"status\":200,\"headers\":{\"content-length\":\"1\",\"transfer-encoding\":\"chunked\",\"connection\":\"close\"},\"body_str\":\"whole\"}\00")
  (data (i32.const 1536) "{\"status\":100,\"body_str\":\"x\"}\00")
  (data (i32.const 1792) "{\"status\":200,\"__proto__\":{\"polluted\":true},\"headers\":{\"__proto__\":\"x\",\"constructor\":\"y\"},\"body_str\":\"x\"}\00")
  (data (i32.const 2048) "{\"status\":200,\"body_json\":")

  ;; Answers the text at $from, which ends at a zero.
  (func $answer (param $from i32) (result i32)
    (local $block i64)
    (local $size i64)
    (local.set $block (call $alloc (i64.const 256)))
    (loop $copy
      (if (i32.load8_u (local.get $from)) (then
        (call $store_u8 (i64.add (local.get $block) (local.get $size)) (i32.load8_u (local.get $from)))
        (local.set $size (i64.add (local.get $size) (i64.const 1)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br $copy))))
    (call $output_set (local.get $block) (local.get $size))
    (i32.const 0))

  (func (export "headerBreaks") (result i32) (call $answer (i32.const 0)))
  (func (export "headerNameBreaks") (result i32) (call $answer (i32.const 256)))
  (func (export "cookieInjection") (result i32) (call $answer (i32.const 512)))
  (func (export "status999") (result i32) (call $answer (i32.const 768)))
  (func (export "notBase64") (result i32) (call $answer (i32.const 1024)))
  (func (export "framing") (result i32) (call $answer (i32.const 1280)))
  (func (export "status100") (result i32) (call $answer (i32.const 1536)))
  (func (export "prototype") (result i32) (call $answer (i32.const 1792)))

  ;; Eight bytes at a time: $count of them from $at on.
  (func $fill (param $at i64) (param $eight i64) (param $count i32)
    (loop $more
      (call $store_u64 (local.get $at) (local.get $eight))
      (local.set $at (i64.add (local.get $at) (i64.const 8)))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  ;; Ten million bytes of arrays within arrays: the first half opens them, the second closes them.
  (func $nested (param $prefix i64) (result i64)
    (local $block i64)
    (local.set $block (call $alloc (i64.add (local.get $prefix) (i64.const 10000064))))
    (call $fill (i64.add (local.get $block) (local.get $prefix)) (i64.const 0x5b5b5b5b5b5b5b5b) (i32.const 625000))
    (call $fill
      (i64.add (local.get $block) (i64.add (local.get $prefix) (i64.const 5000000)))
      (i64.const 0x5d5d5d5d5d5d5d5d)
      (i32.const 625000))
    (local.get $block))
  (func (export "nestedArrays") (result i32)
    (call $output_set (call $nested (i64.const 0)) (i64.const 10000000))
    (i32.const 0))
  ;; The same as the body of an answer that is otherwise right.
  (func (export "nestedBody") (result i32)
    (local $block i64)
    (local $at i64)
    (local.set $block (call $nested (i64.const 26)))
    (loop $prefix
      (call $store_u8 (i64.add (local.get $block) (local.get $at)) (i32.load8_u (i32.add (i32.const 2048) (i32.wrap_i64 (local.get $at)))))
      (br_if $prefix (i64.lt_u (local.tee $at (i64.add (local.get $at) (i64.const 1))) (i64.const 26))))
    (call $store_u8 (i64.add (local.get $block) (i64.const 10000026)) (i32.const 125))
    (call $output_set (local.get $block) (i64.const 10000027))
    (i32.const 0))
  ;; A megabyte of what is neither JSON nor JSON5, but begins as if it were.
  (func (export "nearlyJson") (result i32)
    (local $block i64)
    (local.set $block (call $alloc (i64.const 1048576)))
    (call $fill (local.get $block) (i64.const 0x2c615c225c22227b) (i32.const 131072))
    (call $output_set (local.get $block) (i64.const 1048576))
    (i32.const 0)))

;; Takes all the memory there is: its own, its tables', the kernel's.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table $table 1 funcref)

  ;; Grows by $step pages until it gets no more, and touches what it got.
  (func $grow_by (param $step i32)
    (local $page i32)
    (loop $more
      (local.set $page (memory.grow (local.get $step)))
      (if (i32.ne (local.get $page) (i32.const -1)) (then
        (memory.fill
          (i32.mul (local.get $page) (i32.const 65536))
          (i32.const 1)
          (i32.mul (local.get $step) (i32.const 65536)))
        (br $more)))))

  ;; Gives up as allocators do.
  (func (export "growAndAbort") (result i32) (call $grow_by (i32.const 1)) (unreachable))
  (func (export "growFastAndAbort") (result i32) (call $grow_by (i32.const 256)) (unreachable))
  ;; Is content with what it got.
  (func (export "growAndAnswer") (result i32) (call $grow_by (i32.const 16)) (i32.const 0))
  ;; Asks for 4 GiB at once, then for as many pages as a number can hold.
  (func (export "growAbsurdly") (result i32)
    (if (i32.ne (memory.grow (i32.const 65535)) (i32.const -1)) (then (unreachable)))
    (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then (unreachable)))
    (i32.const 0))
  (func (export "growAbsurdlyForEver") (result i32)
    (loop $again
      (drop (memory.grow (i32.const -1)))
      (br $again))
    (unreachable))

  (func (export "growTable") (result i32)
    (loop $more
      (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1))))
    (i32.const 0))
  (func (export "growTableAbsurdly") (result i32)
    (if (i32.ne (table.grow $table (ref.null func) (i32.const 0x7fffffff)) (i32.const -1)) (then (unreachable)))
    (if (i32.ne (table.grow $table (ref.null func) (i32.const -1)) (i32.const -1)) (then (unreachable)))
    (i32.const 0))

  ;; A million blocks of one byte.
  (func (export "tinyBlocks") (result i32)
    (local $left i32)
    (local.set $left (i32.const 1000000))
    (loop $more
      (if (i64.eqz (call $alloc (i64.const 1))) (then (unreachable)))
      (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.const 0))
  ;; Blocks until there are no more, then goes on asking for a while, and answers.
  (func (export "blocksUntilRefused") (result i32)
    (local $left i32)
    (local.set $left (i32.const 1000))
    (loop $more
      (br_if $more (i64.ne (call $alloc (i64.const 1000000)) (i64.const 0))))
    (loop $asking
      (drop (call $alloc (i64.const 1000000)))
      (br_if $asking (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.const 0))

  ;; Grows both memories between calls of the host, so that whatever the host knew of them is out of date; answers 8 random
  ;; bytes, which the host wrote to the last ones of its memory.
  (func (export "growBetween") (result i32)
    (local $left i32)
    (local $end i32)
    (local $block i64)
    (local.set $left (i32.const 20))
    (loop $more
      (drop (memory.grow (i32.const 1)))
      (local.set $end (i32.mul (memory.size) (i32.const 65536)))
      (if (call $random_get (i32.sub (local.get $end) (i32.const 8)) (i32.const 8)) (then (unreachable)))
      (if (i64.eqz (i64.load (i32.sub (local.get $end) (i32.const 8)))) (then (unreachable)))
      (local.set $block (call $alloc (i64.const 65536)))
      (call $store_u64 (local.get $block) (i64.load (i32.sub (local.get $end) (i32.const 8))))
      (drop (call $config_get (local.get $block)))
      (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $output_set (local.get $block) (i64.const 8))
    (i32.const 0)))

;; One export per way to go wrong.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "env" "proxy_log" (func $log (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 4 funcref)
  (tag $any)

  (func (export "loop") (result i32) (loop $l (br $l)) (i32.const 0))
  (func (export "trap") (result i32) (unreachable))
  (func (export "outOfBounds") (result i32) (i32.load (i32.const -8)))
  (func $deep (export "recurse") (result i32) (i32.add (i32.const 1) (call $deep)))
  (func (export "throw") (result i32) (throw $any))

  ;; Grows until it may not, then gives up like an allocator that got no memory.
  (func (export "grow") (result i32)
    (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (unreachable))

  ;; Catches whatever can be caught and goes on.
  (func (export "catchAll") (result i32)
    (loop $again
      (try
        (do
          (drop (call $log (i32.const 2) (i64.const 0) (i64.const 0)))
          (loop $l (br $l)))
        (catch_all))
      (br $again))
    (i32.const 0))

  ;; Spends its time in calls of the host; catches what they throw.
  (func (export "hostLoop") (result i32)
    (loop $again
      (try (do (drop (call $log (i32.const 2) (i64.const 0) (i64.const 0)))) (catch_all))
      (br $again))
    (i32.const 0))

  ;; Large operations, each a single instruction.
  (func (export "fill") (result i32)
    (drop (memory.grow (i32.const 500)))
    (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 32000000)) (br $l))
    (i32.const 0))

  (func (export "allocForEver") (result i32)
    (loop $l (br_if $l (i64.ne (call $alloc (i64.const 1000000)) (i64.const 0))))
    (unreachable))
  (func (export "allocAndFree") (result i32)
    (local $i i32)
    (loop $l
      (call $free (call $alloc (i64.const 1000000)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 10000))))
    (if (i64.eqz (call $alloc (i64.const 8))) (then (unreachable)))
    (i32.const 0))
  (func (export "allocHuge") (result i32)
    (if (i64.ne (call $alloc (i64.const 0x7fffffffffffffff)) (i64.const 0)) (then (unreachable)))
    (i32.const 0))

  ;; Pointers and sizes that are made up.
  (func (export "wildOutput") (result i32) (call $output_set (i64.const 0x7ffffffff) (i64.const 16)) (i32.const 0))
  (func (export "wildError") (result i32) (call $error_set (i64.const -5)) (i32.const 1))
  (func (export "hugeOutput") (result i32) (call $output_set (i64.const 72) (i64.const 0x7fffffffffff)) (i32.const 0))
  (func (export "wildLoad") (result i32) (drop (call $load_u64 (i64.const 0x40000000))) (i32.const 0))

  (func (export "fail") (result i32) (call $error_set (call $input_offset)) (i32.const 1))
  (func (export "failQuietly") (result i32) (i32.const 7))
  (func (export "exitZero") (result i32) (call $exit (i32.const 0)) (i32.const 0))
  (func (export "exitThree") (result i32) (call $exit (i32.const 3)) (i32.const 0))
  (func (export "exitAndGoOn") (result i32)
    (try (do (call $exit (i32.const 3))) (catch_all))
    (loop $l (br $l))
    (i32.const 0))
  (func (export "drainRandom") (result i32)
    (drop (memory.grow (i32.const 100)))
    (drop (call $random (i32.const 0) (i32.const 3000000)))
    (drop (call $random (i32.const 0) (i32.const 3000000)))
    (i32.const 0))
  (func (export "fine") (result i32) (i32.const 0))
  (func (export "wantsAnArgument") (param i32) (result i32) (local.get 0)))

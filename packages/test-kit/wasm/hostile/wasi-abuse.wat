;; WASI preview 1, misused: for ever, by the gigabyte, and with pointers that lead nowhere.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  (memory (export "memory") 16)

  ;; Fails unless the function answered 21, which is FAULT.
  (func $expect_fault (param $errno i32)
    (if (i32.ne (local.get $errno) (i32.const 21)) (then (unreachable))))

  ;; $count subscriptions to the monotonic clock, from 0 on, each in $ns.
  (func $subscribe (param $count i32) (param $ns i64)
    (local $at i32)
    (loop $more
      (i32.store (i32.add (local.get $at) (i32.const 16)) (i32.const 1))
      (i64.store (i32.add (local.get $at) (i32.const 24)) (local.get $ns))
      (local.set $at (i32.add (local.get $at) (i32.const 48)))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  (func (export "sleep") (result i32)
    (call $subscribe (i32.const 1) (i64.const 0x7fffffffffffffff))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 600000) (i32.const 1) (i32.const 900000)))
    (unreachable))
  ;; As many as fit one call.
  (func (export "sleepManyTimes") (result i32)
    (call $subscribe (i32.const 256) (i64.const -1))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 600000) (i32.const 256) (i32.const 900000)))
    (unreachable))
  ;; A nanosecond at a time.
  (func (export "napForEver") (result i32)
    (call $subscribe (i32.const 1) (i64.const 1))
    (loop $again
      (drop (call $poll_oneoff (i32.const 0) (i32.const 600000) (i32.const 1) (i32.const 900000)))
      (br $again))
    (unreachable))
  ;; Not at all, for ever.
  (func (export "pollForEver") (result i32)
    (call $subscribe (i32.const 1) (i64.const 0))
    (loop $again
      (drop (call $poll_oneoff (i32.const 0) (i32.const 600000) (i32.const 1) (i32.const 900000)))
      (br $again))
    (unreachable))
  ;; More subscriptions than anyone has: answers 28, which is INVAL.
  (func (export "pollTenThousand") (result i32)
    (call $subscribe (i32.const 10000) (i64.const 0))
    (if (i32.ne (call $poll_oneoff (i32.const 0) (i32.const 600000) (i32.const 10000) (i32.const 900000)) (i32.const 28)) (then (unreachable)))
    (if (i32.ne (call $poll_oneoff (i32.const 0) (i32.const 600000) (i32.const -1) (i32.const 900000)) (i32.const 28)) (then (unreachable)))
    (i32.const 0))
  ;; The events are written over the subscriptions, and their number over the events.
  (func (export "pollOverItself") (result i32)
    (call $subscribe (i32.const 200) (i64.const 1))
    (if (call $poll_oneoff (i32.const 0) (i32.const 8) (i32.const 200) (i32.const 8)) (then (unreachable)))
    (i32.const 0))
  (func (export "pollOutside") (result i32)
    (call $expect_fault (call $poll_oneoff (i32.const 1048570) (i32.const 0) (i32.const 1) (i32.const 0)))
    (call $expect_fault (call $poll_oneoff (i32.const -8) (i32.const 0) (i32.const 1) (i32.const 0)))
    (call $subscribe (i32.const 1) (i64.const 0))
    (call $expect_fault (call $poll_oneoff (i32.const 0) (i32.const 1048570) (i32.const 1) (i32.const 900000)))
    (call $expect_fault (call $poll_oneoff (i32.const 0) (i32.const 600000) (i32.const 1) (i32.const -1)))
    ;; The one that waits finds out late.
    (call $subscribe (i32.const 1) (i64.const 1000))
    (call $expect_fault (call $poll_oneoff (i32.const 0) (i32.const -32) (i32.const 1) (i32.const 900000)))
    (i32.const 0))

  (func (export "randomByTheGigabyte") (result i32)
    (loop $again
      (drop (call $random_get (i32.const 0) (i32.const 1000000)))
      (br $again))
    (unreachable))
  (func (export "randomEverything") (result i32)
    (drop (call $random_get (i32.const 0) (i32.const -1)))
    (unreachable))
  (func (export "randomForEver") (result i32)
    (loop $again
      (drop (call $random_get (i32.const 0) (i32.const 0)))
      (br $again))
    (unreachable))
  (func (export "clocksForEver") (result i32)
    (loop $again
      (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0)))
      (drop (call $sched_yield))
      (br $again))
    (unreachable))

  ;; A piece of $length bytes at $from, described at 0.
  (func $piece (param $from i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $from))
    (i32.store (i32.const 4) (local.get $length)))
  (func (export "writeByTheGigabyte") (result i32)
    (memory.fill (i32.const 1000) (i32.const 97) (i32.const 1000000))
    (call $piece (i32.const 1000) (i32.const 1000000))
    (loop $again
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br $again))
    (unreachable))
  ;; Lines of one character.
  (func (export "writeLinesForEver") (result i32)
    (memory.fill (i32.const 1000) (i32.const 10) (i32.const 1000000))
    (call $piece (i32.const 1000) (i32.const 1000000))
    (loop $again
      (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br $again))
    (unreachable))
  ;; 2^32 - 1 pieces; those there is memory for are all empty.
  (func (export "writeManyPieces") (result i32)
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 8)) (then (unreachable)))
    (i32.const 0))
  (func (export "writeManyPiecesForEver") (result i32)
    (loop $again
      (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const -1) (i32.const 8)))
      (br $again))
    (unreachable))
  ;; Pieces that overlap each other, their own descriptions, and the place of the answer.
  (func (export "writeOverlapping") (result i32)
    (local $at i32)
    (loop $more
      (i32.store (local.get $at) (i32.const 0))
      (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 60))
      (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 8192))))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 4)) (then (unreachable)))
    (i32.const 0))
  (func (export "writeOutside") (result i32)
    (call $piece (i32.const -16) (i32.const 32))
    (call $expect_fault (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $piece (i32.const 1048570) (i32.const 32))
    (call $expect_fault (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $piece (i32.const 0) (i32.const 1))
    (call $expect_fault (call $fd_write (i32.const 1) (i32.const 1048572) (i32.const 1) (i32.const 8)))
    (call $expect_fault (call $fd_write (i32.const 1) (i32.const -8) (i32.const 2) (i32.const 8)))
    (call $expect_fault (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const -2)))
    (i32.const 0))

  ;; Every other function that writes to memory, beyond its end.
  (func (export "everythingOutside") (result i32)
    (call $expect_fault (call $random_get (i32.const 1048570) (i32.const 8)))
    (call $expect_fault (call $random_get (i32.const -4) (i32.const 8)))
    (call $expect_fault (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 1048569)))
    (call $expect_fault (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const -1)))
    (call $expect_fault (call $clock_res_get (i32.const 0) (i32.const -1)))
    (call $expect_fault (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const -1)))
    (call $expect_fault (call $fd_fdstat_get (i32.const 1) (i32.const 1048570)))
    (call $expect_fault (call $fd_filestat_get (i32.const 1) (i32.const -1)))
    (call $expect_fault (call $args_sizes_get (i32.const -1) (i32.const 0)))
    (call $expect_fault (call $environ_sizes_get (i32.const 0) (i32.const 1048574)))
    (i32.const 0))

  ;; Exits, catches that, and goes on.
  (func (export "exitForEver") (result i32)
    (loop $again
      (try (do (call $proc_exit (i32.const 0))) (catch_all))
      (br $again))
    (unreachable))
  (func (export "exitAndAnswer") (result i32)
    (try (do (call $proc_exit (i32.const 3))) (catch_all))
    (i32.const 0)))

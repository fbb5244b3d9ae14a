// Guests in WebAssembly text, each exporting `run(n)`: what the checks of a prepared module cost is measured on these.
export const workloads = [
  {
    name: 'fib(24), recursion',
    argument: 24,
    text: `(module (func $fib (export "run") (param $n i32) (result i32)
      (if (result i32) (i32.lt_u (local.get $n) (i32.const 2)) (then (local.get $n))
        (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2))))))))`,
  },
  {
    name: 'sum, 5 instructions a turn',
    argument: 1_000_000,
    text: `(module (func (export "run") (param $n i32) (result i32) (local $i i32) (local $s i32)
      (loop $l
        (local.set $s (i32.add (i32.xor (local.get $s) (local.get $i)) (local.get $i)))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $s)))`,
  },
  {
    name: 'byte copy, one by one',
    argument: 1_000_000,
    text: `(module (memory 4) (func (export "run") (param $n i32) (result i32) (local $i i32)
      (loop $l
        (i32.store8 offset=131072 (i32.and (local.get $i) (i32.const 65535)) (i32.load8_u (i32.and (local.get $i) (i32.const 65535))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $i)))`,
  },
  {
    name: 'sieve',
    argument: 2,
    text: `(module (memory 4) (func (export "run") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $count i32)
      (loop $rounds
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 200000))
        (local.set $count (i32.const 0))
        (local.set $i (i32.const 2))
        (loop $next
          (if (i32.eqz (i32.load8_u (local.get $i))) (then
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $j (i32.shl (local.get $i) (i32.const 1)))
            (block $done (loop $strike
              (br_if $done (i32.ge_u (local.get $j) (i32.const 200000)))
              (i32.store8 (local.get $j) (i32.const 1))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $strike)))))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000))))
        (br_if $rounds (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $count)))`,
  },
  {
    name: 'matrix 64x64, f64',
    argument: 3,
    text: `(module (memory 2)
      (func $at (param $m i32) (param $r i32) (param $c i32) (result i32)
        (i32.add (local.get $m) (i32.shl (i32.add (i32.shl (local.get $r) (i32.const 6)) (local.get $c)) (i32.const 3))))
      (func (export "run") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $k i32) (local $s f64)
        (loop $rounds
          (local.set $i (i32.const 0))
          (loop $rows
            (local.set $j (i32.const 0))
            (loop $columns
              (local.set $k (i32.const 0))
              (local.set $s (f64.const 1))
              (loop $inner
                (local.set $s (f64.add (local.get $s) (f64.mul
                  (f64.load (call $at (i32.const 0) (local.get $i) (local.get $k)))
                  (f64.load (call $at (i32.const 32768) (local.get $k) (local.get $j))))))
                (br_if $inner (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 64))))
              (f64.store (call $at (i32.const 65536) (local.get $i) (local.get $j)) (local.get $s))
              (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 64))))
            (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
          (br_if $rounds (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.trunc_f64_s (local.get $s))))`,
  },
  {
    name: 'hash of strings (FNV-1a)',
    argument: 20_000,
    text: `(module (memory 1)
      (func $hash (param $at i32) (param $length i32) (result i32) (local $h i32)
        (local.set $h (i32.const 0x811c9dc5))
        (block $done (loop $l
          (br_if $done (i32.eqz (local.get $length)))
          (local.set $h (i32.mul (i32.xor (local.get $h) (i32.load8_u (local.get $at))) (i32.const 16777619)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $length (i32.sub (local.get $length) (i32.const 1)))
          (br $l)))
        (local.get $h))
      (func (export "run") (param $n i32) (result i32) (local $s i32)
        (loop $l
          (local.set $s (i32.add (local.get $s) (call $hash (i32.and (local.get $n) (i32.const 1023)) (i32.add (i32.const 4) (i32.and (local.get $n) (i32.const 63))))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s)))`,
  },
  {
    name: 'dispatch through a table',
    argument: 200_000,
    text: `(module (type $op (func (param i32) (result i32))) (table 4 funcref) (elem (i32.const 0) $a $b $c $d)
      (func $a (type $op) (i32.add (local.get 0) (i32.const 7)))
      (func $b (type $op) (i32.xor (local.get 0) (i32.shl (local.get 0) (i32.const 3))))
      (func $c (type $op) (i32.rotl (local.get 0) (i32.const 5)))
      (func $d (type $op) (if (result i32) (i32.and (local.get 0) (i32.const 1)) (then (i32.const 3)) (else (i32.mul (local.get 0) (i32.const 5)))))
      (func (export "run") (param $n i32) (result i32) (local $s i32)
        (loop $l
          (local.set $s (call_indirect (type $op) (local.get $s) (i32.and (local.get $n) (i32.const 3))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s)))`,
  },
  {
    name: 'a tree walked by recursion',
    argument: 14,
    text: `(module (memory 64) (global $top (mut i32) (i32.const 16))
      (func $build (param $depth i32) (result i32) (local $at i32)
        (if (i32.eqz (local.get $depth)) (then (return (i32.const 0))))
        (local.set $at (global.get $top))
        (global.set $top (i32.add (local.get $at) (i32.const 16)))
        (i32.store (local.get $at) (call $build (i32.sub (local.get $depth) (i32.const 1))))
        (i32.store offset=4 (local.get $at) (call $build (i32.sub (local.get $depth) (i32.const 1))))
        (i32.store offset=8 (local.get $at) (local.get $depth))
        (local.get $at))
      (func $sum (param $at i32) (result i32)
        (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
        (i32.add (i32.load offset=8 (local.get $at)) (i32.add (call $sum (i32.load (local.get $at))) (call $sum (i32.load offset=4 (local.get $at))))))
      (func (export "run") (param $n i32) (result i32)
        (global.set $top (i32.const 16))
        (call $sum (call $build (local.get $n)))))`,
  },
];

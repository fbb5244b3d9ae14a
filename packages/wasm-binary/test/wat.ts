import wabtInit from 'wabt';

const wabt = await wabtInit();

const features = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  threads: true,
  multi_value: true,
  multi_memory: true,
  memory64: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
  relaxed_simd: true,
};

/** Compiles WebAssembly text without validating it; names of functions go into the `name` section. */
export function compileWat(text: string): Uint8Array {
  const parsed = wabt.parseWat('test.wat', text, features);
  try {
    return new Uint8Array(parsed.toBinary({ write_debug_names: true }).buffer);
  } finally {
    parsed.destroy();
  }
}

/** One function with a bit of everything that rewriting has to pass over or touches. */
export const everything = `(module
  (type $pair (func (param i32 i32) (result i32 i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "env" "proxy_log" (func $log (param i32 i64 i64) (result i32)))
  (memory (export "memory") 1)
  (table $t 10 funcref)
  (table $e 2 20 externref)
  (global $g (mut i32) (i32.const 3))
  (global $c f64 (f64.const 1.5))
  (tag $tag (param i32))
  (elem (table $t) (i32.const 0) func $leaf $loops)
  (elem $passive func $leaf)
  (data (i32.const 8) "data")
  (data $later "later")
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const -1)))
  (func $loops (param i32) (result i32) (local $i i32)
    (loop $outer
      (loop $inner (br_if $inner (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000))))
      (local.set 0 (call $leaf (local.get 0)))
      (br_if $outer (local.get 0)))
    (local.get $i))
  (func $bulk (param i32)
    (memory.fill (i32.const 0) (i32.const 7) (local.get 0))
    (memory.copy (i32.const 8) (i32.const 0) (local.get 0))
    (memory.init $later (i32.const 0) (i32.const 0) (i32.const 2)) (data.drop $later)
    (table.init $t $passive (i32.const 1) (i32.const 0) (i32.const 1)) (elem.drop $passive)
    (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1))
    (table.fill $e (i32.const 0) (ref.null extern) (i32.const 1))
    (drop (table.grow $e (ref.null extern) (i32.const 1)))
    (drop (table.size $e)) (table.set $e (i32.const 0) (ref.null extern)) (drop (ref.is_null (table.get $e (i32.const 0))))
    (drop (memory.grow (i32.const 1))) (drop (memory.size)))
  (func $multi (type $pair) (local.get 1) (local.get 0) (block (type $pair) (br 0)))
  (func $multiLoop (param i32 i32) (result i32 i32)
    (local.get 0) (local.get 1)
    (loop (type $pair) (drop) (i32.const 0) (br_if 0 (i32.const 0))))
  (func $branches (param i32) (result i32)
    (block $a (block $b (block $c (br_table $a $b $c (local.get 0)))))
    (select (result i32) (i32.const 1) (i32.const 2) (local.get 0)))
  (func $exceptions (result i32)
    (try (result i32) (do (throw $tag (i32.const 1)) (i32.const 0)) (catch $tag) (catch_all (i32.const 2)))
    (try (do (try (do (throw $tag (i32.const 1))) (delegate 0))) (catch_all))
    (drop) (i32.const 4))
  (func $tail (param i32) (result i32) (if (result i32) (local.get 0) (then (return_call $tail (call $leaf (local.get 0)))) (else (return_call_indirect (param i32) (result i32) (i32.const 5) (i32.const 0)))))
  (func $numbers (result i32)
    (drop (f32.const 1.25)) (drop (f64.const nan)) (drop (i64.const -9223372036854775808))
    (drop (i32.trunc_sat_f64_u (f64.const 1e30))) (drop (i64.extend32_s (i64.const 5)))
    (drop (i32x4.extract_lane 2 (i32x4.add (v128.const i32x4 1 2 3 4) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.load (i32.const 0)) (v128.load8_lane 3 (i32.const 0) (v128.const i64x2 0 0))))))
    (i32.div_s (i32.const 9) (i32.const 2)))
  (func (export "loops") (result i32) (call $loops (i32.const 3)))
  (func (export "bulk") (call $bulk (i32.const 1000)))
  (func (export "multi") (result i32) (call $multi (i32.const 1) (i32.const 2)) (i32.sub) (call $multiLoop (i32.const 1) (i32.const 2)) (i32.sub) (i32.add))
  (func (export "branches") (result i32) (call $branches (i32.const 1)))
  (func (export "exceptions") (result i32) (call $exceptions))
  (func (export "tail") (result i32) (call $tail (i32.const 1000)))
  (func (export "numbers") (result i32) (call $numbers))
  (func (export "indirect") (result i32) (call_indirect (param i32) (result i32) (i32.const 8) (i32.const 0)))
  (func (export "_initialize") (global.set $g (i32.const 4)))
  (func (export "g") (result i32) (global.get $g)))`;

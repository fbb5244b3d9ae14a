import { compileWat } from '@torii/test-kit';

/** A module whose `run` answers what a GET of that URL comes to, as `proxy_http_call` tells it. */
export async function httpCaller(url: string): Promise<Uint8Array> {
  const request = JSON.stringify({ url, method: 'GET' });
  return compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (import "env" "proxy_http_call" (func $call (param i64 i64) (result i64)))
    (memory (export "memory") 1)
    (data (i32.const 0) "${request.replaceAll('"', '\\"')}")
    (func (export "run") (result i32) (local $block i64) (local $i i64) (local $answer i64)
      (local.set $block (call $alloc (i64.const ${request.length})))
      (loop $copy
        (call $store_u8 (i64.add (local.get $block) (local.get $i)) (i32.load8_u (i32.wrap_i64 (local.get $i))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br_if $copy (i64.lt_u (local.get $i) (i64.const ${request.length}))))
      (local.set $answer (call $call (local.get $block) (i64.const ${request.length})))
      (call $output_set (local.get $answer) (call $length (local.get $answer)))
      (i32.const 0)))`);
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileJavaScript } from '../../packages/js-compiler/dist/index.js';
import { answerText } from './answer.mjs';

const MiB = 1024 * 1024;

// wabt belongs to the packages that compile guests; the benchmarks have no dependencies of their own.
const require = createRequire(new URL('../../packages/wasm-runtime/package.json', import.meta.url));
const output = JSON.stringify({ status: 200, headers: { 'content-type': 'text/plain' }, body_str: answerText });
let compiler;

/**
 * What each guest does between reading its input and writing its output; `$ask` puts a text of its own memory into a
 * block and calls a host function with it.
 */
const guests = {
  hello: { imports: [], body: '' },
  /** A request transformer. */
  transform: { imports: [], body: '', answer: { headers: { accept: '*/*', 'x-bench': '1' } } },
  mapGet: reading('proxy_plugin_map_get', 'proxy_plugin_map_set'),
  datastoreGet: reading('proxy_plugin_datastore_get', 'proxy_plugin_datastore_set'),
  httpCall: {
    imports: [['proxy_http_call', 'i64']],
    texts: { request: '{"url":"http://upstream.bench/","method":"GET"}' },
    body: '(if (i64.eqz (call $length (call $proxy_http_call (call $put (global.get $request) (global.get $request_size)) (global.get $request_size)))) (then unreachable))',
  },
};

/** Reads a key; writes it when it is not there yet. */
function reading(get, set) {
  return {
    imports: [
      [get, 'i64'],
      [set, 'i64'],
    ],
    texts: { key: 'k', entry: JSON.stringify({ key: 'k', value: answerText }) },
    body: `(if (i64.eqz (call $length (call $${get} (call $put (global.get $key) (global.get $key_size)) (global.get $key_size))))
      (then (drop (call $${set} (call $put (global.get $entry) (global.get $entry_size)) (global.get $entry_size)))))`,
  };
}

/** The bytes of a guest that exports `run` and answers the benchmarks' text. */
export async function guestBytes(name) {
  return compile(textOf(guests[name]));
}

const javaScript = `export function run() {
  const { request } = JSON.parse(Host.inputString());
  return { status: 200, headers: { 'content-type': 'text/plain' }, body_str: request.method === 'GET' ? answer : '' };
}
const answer = ${JSON.stringify(answerText)};`;

/** The bytes of a function in JavaScript that reads its input as JSON, exports `run` and answers the benchmarks' text. */
export async function javaScriptGuestBytes() {
  const files = new Map([['index.js', new TextEncoder().encode(javaScript)]]);
  const limits = { outputMaxBytes: 64 * MiB, memoryMaxBytes: 64 * MiB, topLevelCpuMs: 10_000, topLevelWallMs: 60_000 };
  return (await compileJavaScript({ files, entry: 'index.js', functionNames: ['run'] }, limits)).wasm;
}

/** The bytes of any WebAssembly text. */
export async function compile(text) {
  compiler ??= require('wabt')();
  const parsed = (await compiler).parseWat('guest.wat', text, { bulk_memory: true, mutable_globals: true });
  try {
    return Buffer.from(parsed.toBinary({ write_debug_names: true }).buffer);
  } finally {
    parsed.destroy();
  }
}

export function kernelBytes() {
  return compile(readFileSync(new URL('../../packages/wasm-runtime/src/kernel/kernel.wat', import.meta.url), 'utf8'));
}

/** Copies its input in and its output out by words of eight bytes, as Extism's PDKs do. */
function textOf({ imports, texts = {}, body, answer }) {
  const all = { output: answer === undefined ? output : JSON.stringify(answer), ...texts };
  let offset = 0;
  const constants = Object.entries(all).map(([name, text]) => {
    const lines = `(data (i32.const ${offset}) ${JSON.stringify(text).replaceAll('\\"', '\\22')})
  (global $${name} i32 (i32.const ${offset}))
  (global $${name}_size i64 (i64.const ${text.length}))`;
    offset += Math.ceil(text.length / 8) * 8;
    return lines;
  });
  return `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  ${imports.map(([name, result]) => `(import "extism:host/user" "${name}" (func $${name} (param i64 i64) (result ${result})))`).join('\n  ')}
  (memory (export "memory") 17)
  ${constants.join('\n  ')}

  (func $read_input
    (local $i i64) (local $end i64) (local $words i64)
    (local.set $end (call $input_length))
    (local.set $words (i64.and (local.get $end) (i64.const -8)))
    (block $words_read
      (loop $word
        (br_if $words_read (i64.ge_u (local.get $i) (local.get $words)))
        (i64.store offset=65536 (i32.wrap_i64 (local.get $i)) (call $input_load_u64 (local.get $i)))
        (local.set $i (i64.add (local.get $i) (i64.const 8)))
        (br $word)))
    (block $read
      (loop $byte
        (br_if $read (i64.ge_u (local.get $i) (local.get $end)))
        (i32.store8 offset=65536 (i32.wrap_i64 (local.get $i)) (call $input_load_u8 (local.get $i)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $byte))))

  ;; Copies own memory into a new block; texts are padded to whole words, and blocks are as well.
  (func $put (param $from i32) (param $size i64) (result i64)
    (local $block i64) (local $i i64)
    (local.set $block (call $alloc (local.get $size)))
    (loop $word
      (call $store_u64
        (i64.add (local.get $block) (local.get $i))
        (i64.load (i32.add (local.get $from) (i32.wrap_i64 (local.get $i)))))
      (local.set $i (i64.add (local.get $i) (i64.const 8)))
      (br_if $word (i64.lt_u (local.get $i) (local.get $size))))
    (local.get $block))

  (func (export "run") (result i32)
    (call $read_input)
    ${body}
    (call $output_set (call $put (global.get $output) (global.get $output_size)) (global.get $output_size))
    (i32.const 0)))`;
}

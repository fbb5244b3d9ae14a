import { hostFunctions } from '@torii/contracts';
import { type FunctionOptions, type LoadedFunction, loadGuest } from './a-function.js';
import { compileWat } from './wat.js';

/**
 * A guest that calls one host function: with its input as the argument (`number`, `block`, `error`: what it answers as
 * eight bytes, as a block, or what `proxy_last_error` says after it), or with the pointer and the size that its input
 * consists of (`anywhere`, `anywhereTwice`).
 */
function hostCaller(name: string): Uint8Array {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const bytes = compileHostCaller(name);
  compiled.set(name, bytes);
  return bytes;
}

const compiled = new Map<string, Uint8Array>();

function compileHostCaller(name: string): Uint8Array {
  const definition = hostFunctions[name];
  if (definition === undefined) throw new Error(`there is no host function ${name}`);
  const { params, result = 'i64' } = definition;
  const pointerAndSize = (pointer: string, size: string): string =>
    params.length === 1
      ? `${pointer} drop ${size} drop i64.const 0 call $f`
      : `${params.length === 3 ? 'i32.const 2 ' : ''}${pointer} ${size} call $f`;
  const widened = result === 'i32' ? 'i64.extend_i32_s' : '';
  const byInput = `${pointerAndSize('call $input_offset', 'call $input_length')} ${widened}`;
  const byBytes = `${pointerAndSize('i64.const 0 call $input_load_u64', 'i64.const 8 call $input_load_u64')} ${widened}`;
  return compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
    (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (import "env" "${name}" (func $f ${params.map((type) => `(param ${type})`).join(' ')} (result ${result})))
    (import "env" "proxy_last_error" (func $last_error (param i64) (result i64)))
    (memory (export "memory") 1)
    (func $answer_number (param $n i64) (result i32) (local $p i64)
      (local.set $p (call $alloc (i64.const 8)))
      (call $store_u64 (local.get $p) (local.get $n))
      (call $output_set (local.get $p) (i64.const 8))
      (i32.const 0))
    (func $answer_block (param $p i64) (result i32)
      (call $output_set (local.get $p) (call $length (local.get $p)))
      (i32.const 0))
    (func (export "number") (result i32) ${byInput} call $answer_number)
    (func (export "block") (result i32) ${byInput} call $answer_block)
    (func (export "error") (result i32) ${byInput} drop (call $answer_block (call $last_error (i64.const 0))))
    (func (export "anywhere") (result i32) ${byBytes} call $answer_number)
    (func (export "anywhereTwice") (result i32) ${byBytes} drop ${byBytes} call $answer_number))`);
}

export interface HostCaller {
  /** The number the function answers. */
  number(argument?: string): Promise<bigint>;
  /** The block it answers, as text. */
  block(argument?: string): Promise<string>;
  /** The code and detail of the error after it; undefined when it had none. */
  error(argument?: string): Promise<{ code: string; detail: string } | undefined>;
  /** The number it answers when it is called with these. */
  at(pointer: bigint, size: bigint, functionName?: 'anywhere' | 'anywhereTwice'): Promise<bigint>;
  loaded(functionName: string): Promise<LoadedFunction>;
  close(): Promise<void>;
}

/** Calls one host function, over stores that the options give it. */
export function callHost(name: string, options: FunctionOptions = {}): HostCaller {
  const bytes = hostCaller(name);
  const grant = hostFunctions[name]?.grant;
  const pools = new Map<string, Promise<LoadedFunction>>();
  const loaded = (functionName: string): Promise<LoadedFunction> => {
    let pool = pools.get(functionName);
    if (pool === undefined) {
      pool = loadGuest(bytes, { grants: grant === undefined ? [] : [grant], ...options, functionName });
      pools.set(functionName, pool);
    }
    return pool;
  };
  const numberOf = async (functionName: string, input: string | Uint8Array): Promise<bigint> => {
    const { output } = await (await loaded(functionName)).call(input);
    return Buffer.from(output).readBigInt64LE();
  };
  const textOf = async (functionName: string, input: string): Promise<string> => (await loaded(functionName)).text(input);
  return {
    number: (argument = '') => numberOf('number', argument),
    block: (argument = '') => textOf('block', argument),
    error: async (argument = '') => {
      const text = await textOf('error', argument);
      return text === '' ? undefined : JSON.parse(text);
    },
    at: (pointer, size, functionName = 'anywhere') => {
      const input = Buffer.alloc(16);
      input.writeBigUInt64LE(BigInt.asUintN(64, pointer), 0);
      input.writeBigUInt64LE(BigInt.asUintN(64, size), 8);
      return numberOf(functionName, input);
    },
    loaded,
    close: async () => {
      for (const pool of pools.values()) await (await pool).close();
    },
  };
}

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileWat, everything } from '../test/wat.js';
import { describeModule } from './describe-module.js';
import { WasmFormatError } from './wasm-format-error.js';

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

describe('describeModule', () => {
  it('names imports and exports with their types', () => {
    const module = compileWat(`(module
      (import "env" "f" (func (param i32 i64 f32 f64 v128 funcref externref) (result i64)))
      (import "env" "t" (table 1 funcref)) (import "env" "m" (memory 1 2)) (import "env" "g" (global (mut i32)))
      (func (export "run") (result i32 i32) (i32.const 0) (i32.const 1))
      (export "again" (func 0)) (export "memory" (memory 0)))`);
    expect(describeModule(module)).toEqual({
      imports: [
        { module: 'env', name: 'f', kind: 'function', params: ['i32', 'i64', 'f32', 'f64', 'v128', 'funcref', 'externref'], results: ['i64'] },
        { module: 'env', name: 't', kind: 'table' },
        { module: 'env', name: 'm', kind: 'memory' },
        { module: 'env', name: 'g', kind: 'global' },
      ],
      exports: [
        { name: 'run', kind: 'function', params: [], results: ['i32', 'i32'] },
        { name: 'again', kind: 'function', params: ['i32', 'i64', 'f32', 'f64', 'v128', 'funcref', 'externref'], results: ['i64'] },
        { name: 'memory', kind: 'memory' },
      ],
      memoryMinBytes: 65_536,
    });
  });

  it('describes a module without anything', () => {
    expect(describeModule(Uint8Array.from(header))).toEqual({ imports: [], exports: [], memoryMinBytes: 0 });
  });

  it.each([
    ['nothing', [], /not a WebAssembly module/],
    ['text', [...Buffer.from('export function run() {}')], /not a WebAssembly module/],
    ['another version', [...header.slice(0, 4), 2, 0, 0, 0], /unknown version/],
    ['a component', [...header.slice(0, 4), 0x0d, 0, 1, 0], /component/],
    ['a section beyond the end', [...header, 1, 100, 0], /unexpected end/],
    ['sections out of order', [...header, 2, 1, 0, 1, 1, 0], /out of order/],
    ['a doubled section', [...header, 1, 1, 0, 1, 1, 0], /doubled/],
    ['an unknown section', [...header, 77, 0], /unknown section 77/],
    ['a count that lies', [...header, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f], /at most|do not fit/],
    ['a number without end', [...header, 1, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], /integer too/],
    ['a name that is not UTF-8', [...header, 7, 5, 1, 1, 0xff, 0, 0], /UTF-8/],
    ['a GC type', [...header, 1, 3, 1, 0x5f, 0], /GC/],
    ['a 64-bit memory import', [...header, 2, 7, 1, 0, 1, 0x6d, 2, 4, 1], /memory64/],
    ['a shared memory import', [...header, 2, 8, 1, 0, 1, 0x6d, 2, 3, 1, 1], /shared memory/],
  ])('refuses %s and says so', (_name, bytes, message) => {
    expect(() => describeModule(Uint8Array.from(bytes))).toThrow(WasmFormatError);
    expect(() => describeModule(Uint8Array.from(bytes))).toThrow(message);
  });

  it('cannot be made to describe a small module at great length', () => {
    const manyParams = `(func $f ${'(param i64)'.repeat(900)})`;
    const exports = Array.from({ length: 500 }, (_, index) => `(export "e${index}" (func $f))`).join('');
    expect(() => describeModule(compileWat(`(module ${manyParams} ${exports})`))).toThrow(/too many parameters/);
  });

  it('throws nothing but WasmFormatError, whatever happens to a module', () => {
    const original = compileWat(everything);
    const mutation = fc.record({ at: fc.nat({ max: original.length - 1 }), byte: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), fc.nat({ max: original.length }), (mutations, end) => {
        const bytes = original.slice(0, end % 2 === 0 ? original.length : end);
        for (const { at, byte } of mutations) if (at < bytes.length) bytes[at] = byte;
        try {
          describeModule(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WasmFormatError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

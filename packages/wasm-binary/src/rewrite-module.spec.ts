import { describe, expect, it } from '@jest/globals';
import { casesOf } from '@torii/test-kit';
import fc from 'fast-check';
import { type Exports, instantiate, numberGlobal, rewrite, withHook } from '../test/guests.js';
import { compileWat, everything } from '../test/wat.js';
import { ByteWriter, leb } from './byte-writer.js';
import { describeModule } from './describe-module.js';
import { rewriteModule } from './rewrite-module.js';
import { rewrittenExports } from './rewritten-names.js';
import { WasmFormatError } from './wasm-format-error.js';

declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: { new (bytes: Uint8Array): object; customSections(module: object, name: string): ArrayBuffer[] };
};

const options = { memoryMaxPages: 100 };

describe('rewriteModule', () => {
  it('gives a valid module for everything toolchains emit', () => {
    expect(WebAssembly.validate(rewriteModule(compileWat(everything), options))).toBe(true);
  });

  it('changes nothing of what the guest computes', () => {
    const original = instantiate(compileWat(everything));
    const { exports, checks } = withHook(rewriteModule(compileWat(everything), options), 1_000);
    for (const name of ['loops', 'bulk', 'multi', 'branches', 'exceptions', 'tail', 'numbers', 'indirect', 'g']) {
      expect([name, exports[name]?.()]).toEqual([name, original[name]?.()]);
    }
    expect(checks()).toBeGreaterThan(10);
  });

  it('renames what only the host may call, and the imports the SDK would serve', () => {
    const { imports, exports } = describeModule(rewriteModule(compileWat(everything), options));
    expect(imports.map(({ module, name }) => `${module}.${name}`)).toEqual([
      'torii:wasi.fd_write',
      'torii:env.http_request',
      'extism:host/env.alloc',
      'env.proxy_log',
    ]);
    const names = exports.map(({ name }) => name);
    expect(names).not.toContain('_initialize');
    expect(names).toEqual(expect.arrayContaining(['torii:initialize', 'torii:fuel', 'torii:yield', 'torii:memory', 'torii:growth_failed', 'memory']));
  });

  it('keeps function names for stack traces and drops other custom sections', () => {
    const module = compileWat('(module (func $someFunction (export "run") (unreachable)))');
    const withCustom = Uint8Array.from([...module, 0, 6, 5, ...Buffer.from('other')]);
    const compiled = new WebAssembly.Module(rewriteModule(withCustom, options));
    expect(WebAssembly.Module.customSections(compiled, 'name')).toHaveLength(1);
    expect(WebAssembly.Module.customSections(compiled, 'other')).toHaveLength(0);
  });

  it('turns the start function into an export', () => {
    const exports = instantiate(rewrite('(module (func $s (unreachable)) (start $s))'));
    expect(exports['torii:start_function']).toBeDefined();
  });

  it('does not run a loop or a recursion without its hook', () => {
    const exports = instantiate(rewrite('(module (func (export "loop") (loop $l (br $l))) (func $r (export "recurse") (call $r)))'));
    expect(() => exports.loop?.()).toThrow(/null|signature|table/i);
    expect(() => exports.recurse?.()).toThrow(/null|signature|table/i);
  });

  it('bounds the memory, and notes when it could not grow', () => {
    const wat = '(module (memory 1 1000) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))';
    const { exports } = withHook(rewrite(wat, 10), 1_000_000);
    const failed = numberGlobal(exports, rewrittenExports.growthFailed);
    expect([exports.grow?.(9), failed.value, exports.grow?.(1), failed.value]).toEqual([1, 0, -1, 1]);
  });

  it('bounds tables that had no maximum', () => {
    const wat = '(module (table $t 1 externref) (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null extern) (local.get 0))))';
    const { exports } = withHook(rewrite(wat), 1_000_000);
    expect([exports.grow?.(100), exports.grow?.(1_000_000)]).toEqual([1, -1]);
  });

  it.each([
    ['an initial memory above the limit', '(module (memory 11))', /memory of 11 pages.*limit of 10/],
    ['an imported memory of another name', '(module (import "env" "mem" (memory 1)))', /"env" "mem" is a memory/],
    ['an imported and an own memory', '(module (import "env" "memory" (memory 1)) (memory 1))', /multiple memories/],
    ['too many imports', `(module ${'(import "env" "f" (func))'.repeat(1_001)})`, /1001 imports; at most 1000/],
    ['too many locals', `(module (func (local ${'i32 '.repeat(60_000)})))`, /60000 locals; at most/],
    ['waiting on an address', '(module (memory 1) (func (drop (memory.atomic.notify (i32.const 0) (i32.const 0)))))', /threads/],
    ['an imported table', '(module (import "env" "t" (table 1 funcref)))', /is a table/],
    ['an imported global', '(module (import "env" "g" (global i32)))', /is a global/],
    ['several memories', '(module (memory 1) (memory 1))', /multiple memories/],
    ['memory64', '(module (memory i64 1))', /memory64/],
    ['shared memory', '(module (memory 1 2 shared))', /shared memory/],
    ['a huge table', '(module (table 9000000 funcref))', /tables of 9000000 entries/],
    ['reserved exports', '(module (func (export "torii:fuel")))', /"torii:fuel" is reserved/],
    ['reserved imports', '(module (import "torii:env" "http_request" (func)))', /reserved/],
    ['an imported start function', '(module (import "env" "f" (func $f)) (start $f))', /start function is an import/],
    ['invalid code', '(module (func (result i32) (i64.const 0)))', /not a valid/],
  ])('refuses %s', (_name, wat, message) => {
    expect(() => rewrite(wat, 10)).toThrow(WasmFormatError);
    expect(() => rewrite(wat, 10)).toThrow(message);
  });

  it('refuses the GC proposal by name', () => {
    const structType = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 3, 1, 0x5f, 0];
    expect(() => rewriteModule(Uint8Array.from(structType), options)).toThrow(/GC/);
    // (module (func (drop (ref.i31 (i32.const 0)))))
    const i31 = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 0x41, 0, 0xfb, 0x1c, 0x1a, 0x0b];
    expect(() => rewriteModule(Uint8Array.from(i31), options)).toThrow(/GC/);
  });

  it('does not let a guest name what is appended', () => {
    // Each is invalid as it stands and would be valid, and escape, behind the rewriting.
    const guests = [
      '(module (func (export "run") (loop $l (global.set 0 (i32.const 1000000)) (br $l))))',
      '(module (export "mine" (global 0)))',
      '(module (export "mine" (table 0)))',
      '(module (func $f) (elem (table 0) (i32.const 0) func $f))',
    ].flatMap((wat) => {
      try {
        return [compileWat(wat)];
      } catch {
        return []; // the text format itself may refuse it
      }
    });
    for (const bytes of guests) expect(() => rewriteModule(bytes, options)).toThrow(WasmFormatError);
    // (module (func (loop (global.set 0 (i32.const 1)) (br 0)))), with a global that is not there
    const refuels = [
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 13, 1, 11, 0, 3, 0x40, 0x41, 1, 0x24, 0, 0x0c, 0, 0x0b, 0x0b,
    ];
    expect(() => rewriteModule(Uint8Array.from(refuels), options)).toThrow(/not a valid/);
  });

  it.each([
    ['a module of 64 MiB and more', () => new Uint8Array(64 * 1024 * 1024 + 1), /a module of 67108865 bytes/],
    ['more functions than are accepted', () => module([1, 4, 1, 0x60, 0, 0], [3, 4, 0xc1, 0x9a, 0x0c, 0]), /200001 functions; at most 200000/],
    ['fewer bodies than functions', () => module([1, 4, 1, 0x60, 0, 0], [3, 3, 2, 0, 0], [10, 4, 1, 2, 0, 0x0b]), /1 bodies for 2 functions/],
    [
      'a function of a type that is not there',
      () => module([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 7], [10, 4, 1, 2, 0, 0x0b]),
      /type 7, which does not exist/,
    ],
    ['a body that ends in an instruction', () => module([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0], [10, 5, 1, 3, 0, 0x43, 0]), /beyond the end/],
    ['a body without an end', () => module([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0], [10, 4, 1, 2, 0, 1]), /without an end/],
    ['code behind the end', () => module([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0], [10, 5, 1, 3, 0, 0x0b, 1]), /behind the end/],
    [
      'more table entries than are accepted',
      () => compileWat(`(module ${'(table 60000 externref)'.repeat(2)})`),
      /tables of 120000 entries; at most 100000/,
    ],
    ['blocks that hand over more values than are accepted', () => handingOver(1_000), /hand over more than 1000000 values/],
    [
      'functions that return more values than are accepted',
      () => compileWat(`(module (type $t (func (result${' i64'.repeat(900)}))) ${'(func (type $t) unreachable)'.repeat(1_200)})`),
      /hand over more than 1000000 values/,
    ],
    [
      'more locals that are references than are accepted',
      () => compileWat(`(module ${`(func (local${' externref'.repeat(40_000)}))`.repeat(30)})`),
      /hand over more than 1000000 values/,
    ],
    ['a function of many locals and many branches', () => manyLocals(49_000, 1_000), /49000 locals and 1000 ways/],
    ['many functions of many locals and many branches', () => manyLocals(40_000, 600, 25), /together more than 500000000/],
    ['a function of many locals and many branches in small loops, which are there twice', () => manyLoops(40_000, 8), /40000 locals and 8\d\d ways/],
    ['blocks within blocks without measure', () => nested(0x02, 20_000), /nested deeper than 20000/],
    ['loops within loops without measure', () => nested(0x03, 251), /loops are nested deeper than 250/],
    ['custom descriptors', () => module([1, 3, 1, 0x4d, 0]), /custom descriptors/],
    ['stringref', () => module([1, 5, 1, 0x60, 1, 0x67, 0]), /stringref/],
    ['typed function references', () => module([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0], [10, 6, 1, 4, 0, 0x14, 0, 0x0b]), /typed function references/],
    ['an opcode nobody knows', () => module([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0], [10, 5, 1, 3, 0, 0xf0, 0x0b]), /unknown opcode 0xf0/],
  ])('refuses %s by name', (_name, bytes, message) => {
    expect(() => rewriteModule(bytes(), options)).toThrow(WasmFormatError);
    expect(() => rewriteModule(bytes(), options)).toThrow(message);
  });

  it('refuses a module whose code is large only once it holds its checks', () => {
    const loopsPerFunction = 25_000;
    const loop = Uint8Array.of(0x03, 0x40, ...new Array<number>(61).fill(0x01), 0x0b);
    const body = new Uint8Array(loopsPerFunction * loop.length + 2);
    for (let index = 0; index < loopsPerFunction; index += 1) body.set(loop, 1 + index * loop.length);
    body[body.length - 1] = 0x0b;
    const bytes = functionsOf(Array.from({ length: 8 }, () => body));
    expect(bytes.length).toBeLessThan(13_000_000);
    expect(() => rewriteModule(bytes, options)).toThrow(/with its checks \d+ bytes of code; at most 33554432/);
  });

  it('takes no longer for many types and many functions than for either', () => {
    const cpuOf = (typeCount: number, functionCount: number): number => {
      const bytes = typesAndFunctions(typeCount, functionCount);
      const before = process.cpuUsage();
      rewriteModule(bytes, options);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const [types, functions] = [49_999, 100_000];
    cpuOf(100, 100);
    // Looking at every function for every type would take some 20 s, many times as long as either.
    const either = cpuOf(types, 1) + cpuOf(1, functions);
    expect(cpuOf(types, functions)).toBeLessThan(8 * either);
  });

  it('keeps the names of functions in the stack of a trap', () => {
    const wat = `(module (func $innermost (unreachable)) (func $middle (param i32) (loop $l (call $innermost) (br $l)))
      (func (export "run") (call $middle (i32.const 1)))
      (func $other (result i32) (i32.const 1)))`;
    const { exports } = withHook(rewrite(wat), 1_000);
    expect(stackOf(exports)).toMatch(/innermost.*middle.*run/s);
  });

  it('throws nothing but WasmFormatError and gives nothing but valid modules, whatever happens to one', () => {
    const original = compileWat(everything);
    const mutation = fc.record({ at: fc.nat({ max: original.length - 1 }), byte: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const bytes = original.slice();
        for (const { at, byte } of mutations) bytes[at] = byte;
        let rewritten: Uint8Array;
        try {
          rewritten = rewriteModule(bytes, options);
        } catch (error) {
          expect(error).toBeInstanceOf(WasmFormatError);
          return;
        }
        expect(WebAssembly.validate(rewritten)).toBe(true);
      }),
      { numRuns: casesOf(3_000) },
    );
  });
});

/** Blocks of so many branches, each of which moves a thousand values up by one. */
function handingOver(branches: number): Uint8Array {
  const values = ' i64'.repeat(1_000);
  return compileWat(`(module (type $t (func (param${values}) (result${values})))
    (func (type $t) ${'(local.get 0)'.repeat(1_000)} ${'block (type $t) i64.const 7 br 0 end '.repeat(branches)}))`);
}

function manyLocals(locals: number, branches: number, functions = 1): Uint8Array {
  const code = `(func (local${' i64'.repeat(locals)}) (block ${'(br_if 0 (i32.const 0))'.repeat(branches)}))`;
  return compileWat(`(module ${code.repeat(functions)})`);
}

/** So many locals, and loops of 64 bytes, each with a branch table of 49 labels. */
function manyLoops(locals: number, loops: number): Uint8Array {
  const loop = `(block $out (loop $l (br_table ${'$l $out '.repeat(24)} $l (i32.const 0))))`;
  return compileWat(`(module (func (local${' i64'.repeat(locals)}) ${loop.repeat(loops)}))`);
}

/** Functions that take and give nothing, of these bodies. */
function functionsOf(bodies: readonly Uint8Array[]): Uint8Array {
  const code = new ByteWriter().u32(bodies.length);
  for (const body of bodies) code.u32(body.length).raw(body);
  const indices = new ByteWriter().u32(bodies.length).raw(new Array<number>(bodies.length).fill(0));
  const types = new ByteWriter().raw([1, 0x60, 0, 0]);
  return new ByteWriter().raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]).section(1, types).section(3, indices).section(10, code).view().slice();
}

function module(...sections: number[][]): Uint8Array {
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

/** So many types of sixteen parameters, and so many functions that do nothing. */
function typesAndFunctions(typeCount: number, functionCount: number): Uint8Array {
  const types = new ByteWriter().u32(typeCount + 1).raw([0x60, 0, 0]);
  for (let index = 0; index < typeCount; index += 1) {
    types.raw([0x60, 16]);
    for (let bit = 0; bit < 16; bit += 1) types.u8((index >> bit) & 1 ? 0x7f : 0x7e);
    types.u8(0);
  }
  const typeOfEach = new ByteWriter().u32(functionCount).raw(new Uint8Array(functionCount));
  const code = new ByteWriter().u32(functionCount);
  for (let index = 0; index < functionCount; index += 1) code.raw([2, 0, 0x0b]);
  return new ByteWriter().raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]).section(1, types).section(3, typeOfEach).section(10, code).view().slice();
}

function nested(opcode: number, depth: number): Uint8Array {
  const blocks = Array.from({ length: depth }, () => [opcode, 0x40]).flat();
  const body = [0, ...blocks, ...Array.from({ length: depth + 1 }, () => 0x0b)];
  const code = [1, ...leb(body.length), ...body];
  return module([1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0], [10, ...leb(code.length), ...code]);
}

function stackOf(exports: Exports): string {
  try {
    exports.run?.();
  } catch (error) {
    return (error as Error).stack ?? '';
  }
  return 'no trap';
}

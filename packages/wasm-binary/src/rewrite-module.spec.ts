import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileWat, everything } from '../test/wat.js';
import { describeModule } from './describe-module.js';
import { rewriteModule } from './rewrite-module.js';
import { rewrittenExports } from './rewritten-names.js';
import { WasmFormatError } from './wasm-format-error.js';

interface Instance {
  readonly exports: Record<string, never>;
}
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: { new (bytes: Uint8Array): object; customSections(module: object, name: string): ArrayBuffer[] };
  Instance: new (module: object, imports?: object) => Instance;
};

const options = { memoryMaxPages: 100 };
const rewrite = (wat: string, memoryMaxPages = 100): Uint8Array => rewriteModule(compileWat(wat), { memoryMaxPages });

/** Instantiates a module with imports that do nothing. */
function instantiate(bytes: Uint8Array): Record<string, (...args: unknown[]) => unknown> {
  const imports: Record<string, Record<string, () => unknown>> = {};
  for (const { module, name, results } of describeModule(bytes).imports) {
    const namespace = imports[module] ?? {};
    imports[module] = namespace;
    namespace[name] = () => (results?.[0] === 'i64' ? 0n : 0);
  }
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as never;
}

/** A rewritten guest whose yield hook counts and refills; `fuel` decides how often it comes. */
function withHook(bytes: Uint8Array, fuel: number): { exports: Record<string, (...args: unknown[]) => unknown>; checks: () => number } {
  const exports = instantiate(bytes);
  const fuelGlobal = exports[rewrittenExports.fuel] as unknown as { value: number };
  let count = 0;
  const hook = instantiateHook(() => {
    count += 1;
    fuelGlobal.value = fuel;
  });
  (exports[rewrittenExports.yieldTable] as unknown as { set(index: number, value: unknown): void }).set(0, hook);
  return { exports, checks: () => count };
}

function instantiateHook(onCheck: () => void): unknown {
  const gate = compileWat('(module (import "h" "check" (func $check)) (func (export "check") (call $check)))');
  return new WebAssembly.Instance(new WebAssembly.Module(gate), { h: { check: onCheck } }).exports.check;
}

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

  it.each([
    ['a tight loop', '(func (export "run") (loop $l (br $l)))'],
    ['a loop within a loop', '(func (export "run") (loop $a (loop $b (br_if $b (i32.const 0))) (br $a)))'],
    ['calls in a loop', '(func $f (nop)) (func (export "run") (loop $l (call $f) (br $l)))'],
    ['short loops in a called function', '(func $f (loop $l (br_if $l (i32.const 0)))) (func (export "run") (loop $l (call $f) (br $l)))'],
    ['mutual tail calls', '(func $a (return_call $b)) (func $b (return_call $a)) (func (export "run") (call $a))'],
    [
      'tail calls through a table',
      '(table 1 funcref) (elem (i32.const 0) $a) (func $a (return_call_indirect (i32.const 0))) (func (export "run") (call $a))',
    ],
    ['exceptions in a loop', '(tag $t) (func (export "run") (loop $l (try (do (throw $t)) (catch_all)) (br $l)))'],
    ['bulk operations in a loop', '(memory 10) (func (export "run") (loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 600000)) (br $l)))'],
  ])('reaches its hook again and again in %s', (_name, wat) => {
    const exports = instantiate(rewrite(`(module ${wat})`));
    let checks = 0;
    const fuel = exports[rewrittenExports.fuel] as unknown as { value: number };
    const hook = instantiateHook(() => {
      checks += 1;
      fuel.value = 100_000;
      if (checks === 20) throw new Error('enough');
    });
    (exports[rewrittenExports.yieldTable] as unknown as { set(index: number, value: unknown): void }).set(0, hook);
    expect(() => exports.run?.()).toThrow('enough');
  });

  it.each([
    [`${'(i32.load '.repeat(10)}(local.get 0)${')'.repeat(10)}`, 'ten loads'],
    ['(i32.add (local.get 0) (local.get 0))', 'one addition'],
  ])('pays for at least a 16th of what code without branches runs, calls of small functions included (%#)', (leaf) => {
    const calls = 2_000;
    const wat = `(module (memory 1) (func $leaf (param i32) (result i32) ${leaf})
      (func (export "run") (local $i i32) (loop $l
        ${'(drop (call $leaf (i32.const 0)))'.repeat(calls)}
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))))`;
    const exports = instantiate(rewrite(wat));
    const fuel = exports[rewrittenExports.fuel] as unknown as { value: number };
    fuel.value = 100_000_000;
    exports.run?.();
    const callCost = 10;
    const leafCost = leaf.includes('load') ? 20 : 0;
    expect(100_000_000 - fuel.value).toBeGreaterThan((10 * calls * callCost) / 16 + 10 * calls * leafCost);
  });

  it('pays for bulk operations by their size', () => {
    const wat = '(module (memory 100) (func (export "run") (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0))))';
    const checksFor = (size: number): number => {
      const { exports, checks } = withHook(rewrite(wat), 100_000);
      for (let calls = 0; calls < 20; calls += 1) exports.run?.(size);
      return checks();
    };
    expect(checksFor(10)).toBeLessThanOrEqual(1);
    expect(checksFor(6_000_000)).toBeGreaterThan(18);
  });

  it('bounds the memory, and notes when it could not grow', () => {
    const wat = '(module (memory 1 1000) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))';
    const { exports } = withHook(rewrite(wat, 10), 1_000_000);
    const failed = exports[rewrittenExports.growthFailed] as unknown as { value: number };
    expect([exports.grow?.(9), failed.value, exports.grow?.(1), failed.value]).toEqual([1, 0, -1, 1]);
  });

  it('bounds tables that had no maximum', () => {
    const wat = '(module (table $t 1 externref) (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null extern) (local.get 0))))';
    const { exports } = withHook(rewrite(wat), 1_000_000);
    expect([exports.grow?.(100), exports.grow?.(1_000_000)]).toEqual([1, -1]);
  });

  it.each([
    ['an initial memory above the limit', '(module (memory 11))', /memory of 11 pages.*limit of 10/],
    ['an imported memory', '(module (import "env" "memory" (memory 1)))', /"env" "memory" is a memory/],
    ['an imported table', '(module (import "env" "t" (table 1 funcref)))', /is a table/],
    ['an imported global', '(module (import "env" "g" (global i32)))', /is a global/],
    ['several memories', '(module (memory 1) (memory 1))', /multiple memories/],
    ['memory64', '(module (memory i64 1))', /memory64/],
    ['shared memory', '(module (memory 1 2 shared))', /shared memory/],
    ['a huge table', '(module (table 9000000 funcref))', /table of 9000000 entries/],
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
      { numRuns: 3_000 },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { instantiate, numberGlobal, withHook } from '../test/guests.js';
import { compileWat } from '../test/wat.js';
import { describeModule } from './describe-module.js';
import { type RewriteOptions, type RewrittenModule, rewriteModuleWithReport } from './rewrite-module.js';
import { rewrittenExports, rewrittenImports } from './rewritten-names.js';

declare const WebAssembly: { Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer } };

function rewritten(wat: string, options: Partial<RewriteOptions> = {}): RewrittenModule {
  return rewriteModuleWithReport(compileWat(`(module ${wat})`), { memoryMaxPages: 100, ...options });
}

describe('what rewriting reports', () => {
  it('exports every mutable number, so that a host can put back what it was', () => {
    const { bytes, report } = rewritten(`(global $a (mut i32) (i32.const 1)) (global f64 (f64.const 2)) (global $b (mut i64) (i64.const 3))
      (func (export "run") (global.set $a (i32.const 9)))`);
    expect(report.restoration).toEqual({
      isRestorable: true,
      globals: [
        { exportName: 'torii:global:0', index: 0, type: 'i32' },
        { exportName: 'torii:global:2', index: 2, type: 'i64' },
      ],
    });
    const { exports } = withHook(bytes, 1_000);
    exports.run?.();
    const global = numberGlobal(exports, 'torii:global:0');
    expect(global.value).toBe(9);
    global.value = 1;
    expect(numberGlobal(exports, 'torii:global:0').value).toBe(1);
  });

  it.each([
    ['table.set', '(table $t 1 funcref) (func $f (table.set $t (i32.const 0) (ref.null func)))', /uses table.set/],
    ['table.grow', '(table $t 1 funcref) (func (drop (table.grow $t (ref.null func) (i32.const 1))))', /uses table.grow/],
    ['table.fill', '(table $t 1 funcref) (func (table.fill $t (i32.const 0) (ref.null func) (i32.const 1)))', /uses table.fill/],
    ['table.copy', '(table $t 1 funcref) (func (table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 1)))', /uses table.copy/],
    [
      'table.init',
      '(table $t 1 funcref) (elem $e func $f) (func $f (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)))',
      /uses table.init/,
    ],
    ['elem.drop', '(table $t 1 funcref) (elem $e func $f) (func $f (elem.drop $e))', /uses elem.drop/],
    ['data.drop', '(memory 1) (data $d "x") (func $f (data.drop $d))', /uses data.drop/],
    ['a mutable reference', '(global (mut externref) (ref.null extern))', /global 0 is mutable and of type externref/],
    ['a mutable vector', '(global (mut v128) (v128.const i64x2 0 0))', /of type v128/],
    ['too many globals', '(global (mut i32) (i32.const 0))'.repeat(300), /300 mutable globals, more than 256/],
  ])('says that an instance cannot be restored with %s', (_name, wat, reason) => {
    const { restoration } = rewritten(wat).report;
    expect(restoration).toEqual({ isRestorable: false, reason: expect.stringMatching(reason) });
  });

  it('counts functions, checks, loops and pages', () => {
    const { report } = rewritten(`(memory 2 300) (func $leaf) (func $recursive (call $recursive)) (func (loop $l (br_if $l (i32.const 0))))`);
    expect(report).toMatchObject({ functions: 3, checkedFunctions: 1, loops: 1, memory: { minPages: 2, maxPages: 100, isImported: false } });
    expect(rewritten('').report.memory).toBeUndefined();
  });
});

describe('the size of the memory', () => {
  const wat = `(memory 1 5)
    (func (export "size") (result i32) (memory.size))
    (func (export "grow1") (result i32) (memory.grow (i32.const 1)))
    (func (export "grow9") (result i32) (memory.grow (i32.const 9)))
    (func (export "growMost") (result i32) (memory.grow (i32.const -1)))`;

  it('is to the guest what it would be, growing and failing to grow', () => {
    const { exports } = withHook(rewritten(wat, { memoryMaxPages: 3 }).bytes, 1_000_000);
    const answers = ['size', 'grow1', 'size', 'grow9', 'growMost', 'size', 'grow1', 'grow1', 'size'].map((name) => exports[name]?.());
    expect(answers).toEqual([1, 1, 2, -1, -1, 2, 2, -1, 3]);
    expect(numberGlobal(exports, rewrittenExports.growthFailed).value).toBe(1);
  });

  it('can be put back, and grown again within the same memory', () => {
    const { bytes, report } = rewritten(wat, { memoryMaxPages: 3 });
    const size = report.restoration.isRestorable ? report.restoration.globals[0] : undefined;
    const { exports } = withHook(bytes, 1_000_000);
    for (let round = 0; round < 5; round += 1) {
      expect([exports.size?.(), exports.grow1?.(), exports.grow1?.(), exports.grow1?.(), exports.size?.()]).toEqual([1, 1, 2, -1, 3]);
      numberGlobal(exports, size?.exportName ?? '').value = 1;
    }
  });
});

describe('the memory', () => {
  it('becomes an import when the host wants to hand it in', () => {
    const { bytes, report } = rewritten(
      '(memory (export "memory") 2 50) (data (i32.const 8) "!") (func (export "run") (i32.store8 (i32.const 0) (i32.const 7)))',
      {
        importMemory: true,
      },
    );
    expect(report.memory).toEqual({ minPages: 2, maxPages: 50, isImported: true });
    const { module, name } = rewrittenImports.memory;
    expect(describeModule(bytes).imports).toEqual([{ module, name, kind: 'memory' }]);
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 50 });
    const exports = instantiate(bytes, { [module]: { [name]: memory } });
    exports.run?.();
    expect([...new Uint8Array(memory.buffer, 0, 9)]).toEqual([7, 0, 0, 0, 0, 0, 0, 0, 33]);
    expect(exports[rewrittenExports.memory]).toBe(memory);
  });

  it('stays away when the module has none', () => {
    expect(describeModule(rewritten('', { importMemory: true }).bytes).imports).toEqual([]);
  });

  it.each([false, true])('that a module imports as env.memory becomes its own, with a maximum (importMemory: %s)', (importMemory) => {
    const wat = `(import "env" "before" (func $before)) (import "env" "memory" (memory 3)) (import "env" "after" (func $after (result i32)))
      (func (export "run") (result i32) (i32.add (call $after) (memory.size)))`;
    const { bytes, report } = rewritten(wat, { importMemory });
    expect(report.memory).toEqual({ minPages: 3, maxPages: 100, isImported: importMemory });
    const given = importMemory ? { 'torii:env': { memory: new WebAssembly.Memory({ initial: 3, maximum: 100 }) } } : {};
    expect(instantiate(bytes, { ...given, env: { after: () => 40 } }).run?.()).toBe(43);
    expect(describeModule(compileWat(`(module ${wat})`)).memoryMinBytes).toBe(3 * 65_536);
  });
});

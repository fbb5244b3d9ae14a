import { describe, expect, it } from '@jest/globals';
import { fuelOf, instantiate, numberGlobal, rewrite, withHook } from '../test/guests.js';
import { compileWat } from '../test/wat.js';
import { rewriteModule } from './rewrite-module.js';
import { rewrittenExports } from './rewritten-names.js';

const checksMax = 20;
const fuelPerCheck = 10_000;

/** Counts a thousand turns. */
const counter = '(i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))';

/** `$f0` costs something, and each `$f<n>` calls the one before it ten times. */
function fanOut(depth: number): string {
  const functions = Array.from({ length: depth }, (_, index) => `(func $f${index + 1} ${`(call $f${index})`.repeat(10)})`);
  return `(global $g (mut i32) (i32.const 0)) (func $f0 (global.set $g (i32.add (global.get $g) (i32.const 1)))) ${functions.join('')}`;
}

describe('where checks go', () => {
  it.each([
    ['a tight loop', '(func (export "run") (loop $l (br $l)))'],
    ['a loop within a loop', '(func (export "run") (loop $a (loop $b (br_if $b (i32.const 0))) (br $a)))'],
    ['a loop left by a label of an outer one', '(func (export "run") (loop $a (loop $b (loop $c (br $a)))))'],
    ['a loop that goes on from a branch table', '(func (export "run") (loop $l (block $b (br_table $l $b $l (i32.const 7)))))'],
    ['a loop with a parameter', '(func (export "run") (i32.const 1) (loop $l (param i32) (br $l (i32.const 2))))'],
    ['a small loop that goes on from several places', '(func (export "run") (loop $l (br_if $l (i32.const 0)) (br_if $l (i32.const 1)) (br $l)))'],
    ['a small loop that goes on by a branch table', '(func (export "run") (loop $l (br_table $l $l (i32.const 7))))'],
    [
      'small loops one after the other in a loop',
      '(func (export "run") (loop $a (loop $b (br_if $b (i32.const 0))) (loop $c (br_if $c (i32.const 0))) (br $a)))',
    ],
    [
      'a small loop that leaves for a loop around it',
      '(func (export "run") (loop $a (block $b (loop $c (br_if $a (i32.const 1)) (br_if $b (i32.const 1)) (br $c)))))',
    ],
    ['calls in a loop', '(func $f (nop)) (func (export "run") (loop $l (call $f) (br $l)))'],
    ['short loops in a called function', '(func $f (loop $l (br_if $l (i32.const 0)))) (func (export "run") (loop $l (call $f) (br $l)))'],
    ['mutual tail calls', '(func $a (return_call $b)) (func $b (return_call $a)) (func (export "run") (call $a))'],
    [
      'tail calls through a table',
      '(table 1 funcref) (elem (i32.const 0) $a) (func $a (return_call_indirect (i32.const 0))) (func (export "run") (call $a))',
    ],
    [
      'a recursion through a table that is filled at run time',
      `(table $t 1 funcref) (elem declare func $a)
       (func $a (block (br_if 0 (i32.const 0))) (return_call_indirect $t (i32.const 0)))
       (func (export "run") (table.set $t (i32.const 0) (ref.func $a)) (call $a))`,
    ],
    [
      'a recursion whose calls are in different arms',
      '(func $a (param i32) (if (local.get 0) (then (return_call $a (i32.const 0))) (else (return_call $a (i32.const 1))))) (func (export "run") (call $a (i32.const 1)))',
    ],
    [
      'a recursion behind code that is never reached',
      '(func $a (block (block (br 1) (call $a)) (call $a)) (return_call $a)) (func (export "run") (call $a))',
    ],
    ['a recursion from a loop that goes round once', '(func $a (loop $l (return_call $a))) (func (export "run") (call $a))'],
    [
      'a recursion that ends in exceptions',
      `(tag $t) (func $deep (param i32) (if (i32.eqz (local.get 0)) (then (throw $t))) (call $deep (i32.sub (local.get 0) (i32.const 1))))
       (func (export "run") (loop $l (try (do (call $deep (i32.const 50))) (catch_all)) (br $l)))`,
    ],
    ['exceptions in a loop', '(tag $t) (func (export "run") (loop $l (try (do (throw $t)) (catch_all)) (br $l)))'],
    [
      'exceptions rethrown and delegated',
      '(tag $t) (func (export "run") (loop $l (try (do (try (do (throw $t)) (catch_all (loop $m (rethrow 1))))) (catch_all (try (do (try (do) (delegate 0))) (catch_all)))) (br $l)))',
    ],
    ['functions that call each other many times over', `${fanOut(12)} (func (export "run") (call $f12))`],
    ['bulk operations in a loop', '(memory 10) (func (export "run") (loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 600000)) (br $l)))'],
    [
      'bulk operations in straight code',
      `(memory 100) (func (export "run") ${'(memory.fill (i32.const 0) (i32.const 0) (i32.const 600000))'.repeat(50)})`,
    ],
    ['growth that fails', `(memory 1 1) (func (export "run") ${'(drop (memory.grow (i32.const 100)))'.repeat(50)})`],
    [
      'tables filled',
      '(table $t 100000 externref) (func (export "run") (loop $l (table.fill $t (i32.const 0) (ref.null extern) (i32.const 100000)) (br $l)))',
    ],
    ['code without a loop', `(memory 1) (func (export "run") ${'(i32.store (i32.const 0) (i32.load (i32.const 4)))'.repeat(40_000)})`],
  ])('stops %s', (_name, wat) => {
    const { exports, checks } = withHook(rewrite(`(module ${wat})`), fuelPerCheck, checksMax);
    expect(() => exports.run?.()).toThrow(/unreachable/);
    expect(checks()).toBe(checksMax);
  });

  it('charges all that functions without loops and recursion do, whoever calls them', () => {
    const calls = 10 ** 5;
    // $f0 has four instructions and is called through five levels.
    expect(fuelOf(rewrite(`(module ${fanOut(5)} (func (export "run") (call $f5)))`))).toBeGreaterThan(calls * 4);
  });

  it('charges a call for the locals it has to clear', () => {
    const wat = (locals: number): string =>
      `(module (func $f (local${' i64'.repeat(locals)})) (func (export "run") ${'(call $f)'.repeat(100)} (loop)))`;
    expect(fuelOf(rewrite(wat(40_000)))).toBeGreaterThan(100 * 2_000);
    expect(fuelOf(rewrite(wat(10)))).toBeLessThan(2_000);
  });

  it.each([
    ['loops take', `(loop $l (type $t) (drop) (i64.const 7) (br_if $l ${counter}))`],
    ['blocks give', `(loop $l (type $t) (block (type $t) (drop) (i64.const 7) (br 0)) (br_if $l ${counter}))`],
  ])('charges for the values that %s', (_name, code) => {
    const values = ' i64'.repeat(800);
    const wat = `(module (type $t (func (param${values}) (result${values})))
      (func (export "run") (local $i i32) ${'(i64.const 1)'.repeat(800)} ${code} ${'(drop)'.repeat(800)}))`;
    expect(fuelOf(rewrite(wat))).toBeGreaterThan(1_000 * 100);
  });

  it.each([
    ['directly', (callee: number) => `call $f${callee}`],
    ['through a table', (callee: number) => `(call_indirect (type $t) (i32.const ${callee}))`],
    ['at their end', (callee: number) => `return_call $f${callee}`],
  ])('charges for the values that functions give who are called %s', (_name, call) => {
    const depth = 20;
    const functions = Array.from({ length: depth }, (_, index) => `(func $f${index + 1} (type $t) ${call(index)})`);
    const wat = `(module (type $t (func (result${' i64'.repeat(800)}))) (table funcref (elem $f0 ${functions.map((_, index) => `$f${index + 1}`).join(' ')}))
      (func $f0 (type $t) ${'(i64.const 1)'.repeat(800)}) ${functions.join('')}
      (func (export "run") (call $f${depth}) ${'(drop)'.repeat(800)} (loop)))`;
    expect(fuelOf(rewrite(wat))).toBeGreaterThan(depth * 100);
  });

  it.each([
    ['before a loop', (work: string, rest: string) => `${work} (loop ${rest})`],
    ['in a loop', (work: string, rest: string) => `(loop ${work} ${rest})`],
    ['behind a call', (work: string, rest: string) => `(if (global.get $no) (then (call $f))) ${work} ${rest}`],
  ])('charges a recursion for what each call does %s', (_name, code) => {
    const step = '(global.set $steps (i32.add (global.get $steps) (i32.const 1)))';
    // What comes behind the call pays for itself, and nobody ever gets there.
    const behind = '(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))';
    const wat = `(module (memory 1) (global $no (mut i32) (i32.const 0)) (global $steps (export "steps") (mut i32) (i32.const 0))
      (func $f (export "run") ${code(step.repeat(100), `(call $f) ${behind}`)}))`;
    const exports = instantiate(rewrite(wat));
    const given = 100_000;
    numberGlobal(exports, rewrittenExports.fuel).value = given;
    // Nobody gives it more.
    expect(() => exports.run?.()).toThrow();
    expect(numberGlobal(exports, 'steps').value * 4).toBeLessThan(given + 1_000);
  });

  it.each([
    ['before the call, in a loop', (work: string, again: string, call: string) => `(loop ${again} ${work} ${call})`],
    ['before a loop with the call', (work: string, again: string, call: string) => `${work} (loop ${again} ${call})`],
    ['in a loop that is no recursion', (work: string, _again: string, call: string) => `(loop ${work} ${call})`],
    ['before a loop that is no recursion', (work: string, _again: string, call: string) => `${work} (loop ${call})`],
    ['behind the check of a recursion', (work: string, again: string, call: string) => `(block (block ${again}) ${work} ${call} ${again})`],
  ])('charges functions that are all left by an exception for what each does %s', (_name, body) => {
    const depth = 300;
    const steps = '(global.set $steps (i32.add (global.get $steps) (i32.const 1)))'.repeat(120);
    // What comes behind the call pays for itself, and nobody ever gets there.
    const functions = Array.from({ length: depth }, (_, index) => {
      const call = `(call $f${index + 1}) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))`;
      return `(func $f${index} ${body(steps, `(if (global.get $no) (then (call $f${index})))`, call)})`;
    });
    const wat = `(module (memory 1) (tag $t) (global $no (mut i32) (i32.const 0)) (global $steps (export "steps") (mut i32) (i32.const 0))
      ${functions.join('')} (func $f${depth} (throw $t))
      (func (export "run") (loop $l (try (do (call $f0)) (catch_all)) (br $l))))`;
    const exports = instantiate(rewrite(wat));
    const given = 500_000;
    numberGlobal(exports, rewrittenExports.fuel).value = given;
    expect(() => exports.run?.()).toThrow();
    expect(numberGlobal(exports, 'steps').value * 4).toBeLessThan(given + 1_000);
  });

  it('charges a loop that goes on for long little more than what it costs', () => {
    const turns = 1_000_000;
    const wat = `(module (func (export "run") (param $turns i32) (local $i i32)
      (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $turns))))))`;
    const instructions = 7;
    expect(fuelOf(rewrite(wat), turns)).toBeGreaterThan(turns * instructions);
    expect(fuelOf(rewrite(wat), turns)).toBeLessThan(turns * instructions * 1.5);
    expect(fuelOf(rewrite(wat), 1)).toBeLessThan(500);
  });

  it('leaves a function that has looped for a while with no more unused than what it has used', () => {
    const wat = (turns: number): string => `(module (func (export "run") (local $i i32)
      (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${turns}))))))`;
    for (const turns of [100, 300, 1_000, 3_000, 10_000]) expect(fuelOf(rewrite(wat(turns)))).toBeLessThan(300 + 3 * turns * 9);
  });

  it.each([
    ['by its end', '(br_if $l (i32.ne (local.get $i) (local.get $last)))', ''],
    ['by a branch', '(br_if $out (i32.eq (local.get $i) (local.get $last))) (br $l)', ''],
    ['from a block in it', '(block $in (br_if $in (i32.ne (local.get $i) (local.get $last))) (br $out)) (br $l)', ''],
    ['by a branch table', '(br_table $l $out (i32.eq (local.get $i) (local.get $last)))', ''],
    ['by a return', '(if (i32.eq (local.get $i) (local.get $last)) (then (return (local.get $i)))) (br $l)', ''],
    ['with a value', '(drop (br_if $value (local.get $i) (i32.eq (local.get $i) (local.get $last)))) (br $l)', ''],
    [
      'for a block so far out that its label takes more bytes',
      '(br_if $out (i32.eq (local.get $i) (local.get $last))) (br $l)',
      '(block '.repeat(127),
    ],
  ])('lets a small loop be left %s in any of its turns', (_name, code, blocks) => {
    const loop = `(loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) ${code})`;
    const wat = `(module (func (export "run") (param $last i32) (result i32) (local $i i32)
      (block $value (result i32)
        (block $out ${blocks} ${loop} ${')'.repeat(blocks.length / '(block '.length)})
        (local.get $i))))`;
    const { exports } = withHook(rewrite(wat), fuelPerCheck);
    for (const last of [1, 2, 3, 4, 1_001, 1_002]) expect(exports.run?.(last)).toBe(last);
  });

  it('makes a module larger by no more than a constant for each loop, were there nothing but loops', () => {
    const loops = 10_000;
    const original = compileWat(`(module (func (export "run") ${'(loop (br_if 0 (i32.const 0)))'.repeat(loops)}))`);
    const rewritten = rewriteModule(original, { memoryMaxPages: 1 });
    expect(rewritten.length - original.length).toBeLessThan(loops * 120);
  });

  it('charges what is on the dearest way, not what is on all ways', () => {
    const arm = '(global.set $g (i32.add (global.get $g) (i32.const 1)))'.repeat(20);
    const wat = `(module (global $g (mut i32) (i32.const 0)) (func (export "run") (local $i i32) (loop $l
      (block $d (block $c (block $b (block $a (br_table $a $b $c $d (i32.const 3))) ${arm} (br $d)) ${arm} (br $d)) ${arm})
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))))`;
    const fuel = fuelOf(rewrite(wat));
    expect(fuel).toBeGreaterThan(1_000 * 20 * 4);
    expect(fuel).toBeLessThan(1_000 * 20 * 4 * 2);
  });

  it('adds nothing to functions without loops and recursion', () => {
    const wat =
      '(module (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))) (func (export "run") (drop (call $leaf (i32.const 1)))))';
    expect(fuelOf(rewrite(wat))).toBe(0);
  });

  it('pays in a recursive function only where it calls on', () => {
    const fib = `(module (func $fib (export "run") (param i32) (result i32)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`;
    expect(fuelOf(rewrite(fib), 1)).toBe(0);
    expect(fuelOf(rewrite(fib), 2)).toBeGreaterThan(0);
  });

  it.each([
    ['memory.fill', '(memory 100) (func (export "run") (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0)))', 6_400_000, 400_000],
    ['memory.copy', '(memory 100) (func (export "run") (param i32) (memory.copy (i32.const 0) (i32.const 0) (local.get 0)))', 6_400_000, 400_000],
    [
      'memory.grow, for 4 MiB what takes more than one check',
      '(memory 1) (func (export "run") (param i32) (drop (memory.grow (local.get 0))))',
      64,
      250_000,
    ],
    [
      'table.grow',
      '(table $t 1 externref) (func (export "run") (param i32) (drop (table.grow $t (ref.null extern) (local.get 0))))',
      100_000,
      800_000,
    ],
    [
      'table.fill',
      '(table $t 100000 externref) (func (export "run") (param i32) (table.fill $t (i32.const 0) (ref.null extern) (local.get 0)))',
      100_000,
      800_000,
    ],
  ])('charges %s by its size', (_name, wat, size, atLeast) => {
    const bytes = rewrite(`(module ${wat})`);
    expect(fuelOf(bytes, size)).toBeGreaterThanOrEqual(atLeast);
    expect(fuelOf(bytes, 1)).toBeLessThan(10_000);
  });

  it('cannot be paid with a size so large that it turns over', () => {
    const wat = '(module (memory 1) (func (export "run") (param i32) (drop (memory.grow (local.get 0)))))';
    expect(fuelOf(rewrite(wat), 0xffff_ffff)).toBeGreaterThan(100_000_000);
    expect(fuelOf(rewrite(wat), 0x0010_0000)).toBeGreaterThan(100_000_000);
  });
});

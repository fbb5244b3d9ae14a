/**
 * WebAssembly text of a random module that ends: every loop and every function takes one from a global and traps when it
 * is used up. The same seed gives the same text.
 *
 * Exports `f0` and up, `(i32, i64) -> (i32, i64)`; memory `memory`; and mutable globals `g0` to `g2`, so that all of what
 * a run has changed can be compared. It holds loops with labels out of several of them, branch tables, calls of every
 * kind, exceptions, multiple values, bulk operations, growth of memory, and some SIMD. Numbers that can be NaN are only
 * ever compared: their bits are not determined.
 */
export function randomGuest(seed: number): string {
  return new Writer(seed).module();
}

type Type = 'i32' | 'i64' | 'f64';

interface Label {
  readonly name: string;
  readonly isLoop: boolean;
  /** What a branch to it takes along. */
  readonly type: Type | undefined;
}

const turns = 3_000;
/** What `$turn` does. */
const inlineTurn = `(global.set $turns (i32.sub (global.get $turns) (i32.const 1)))
        (if (i32.lt_s (global.get $turns) (i32.const 0)) (then (unreachable)))`;
const signature = '(param i32 i64) (result i32 i64)';

class Writer {
  private state: number;
  private readonly functionCount: number;
  private labels: Label[] = [];
  private names = 0;
  /** How much more text the function may get. */
  private size = 0;

  constructor(seed: number) {
    this.state = (seed ^ 0x9e3779b9) | 0;
    this.functionCount = 2 + this.below(5);
  }

  module(): string {
    const functions = Array.from({ length: this.functionCount }, (_, index) => this.function(index));
    const names = functions.map((_, index) => `$f${index}`).join(' ');
    return `(module
      (type $sig (func ${signature}))
      (memory (export "memory") 1 4)
      (table $table ${this.functionCount} funcref)
      (elem (i32.const 0) func ${names})
      (data $passive "some bytes to copy")
      (tag $tag (param i32))
      (global $turns (export "turns") (mut i32) (i32.const ${turns}))
      (global $g0 (export "g0") (mut i32) (i32.const ${this.below(100)}))
      (global $g1 (export "g1") (mut i64) (i64.const ${this.below(100)}))
      (global $g2 (export "g2") (mut f64) (f64.const 0.5))
      (func $turn
        ${inlineTurn})
      (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
      ${functions.join('\n')})`;
  }

  private function(index: number): string {
    this.labels = [];
    this.size = 10 + this.below(50);
    const body = this.statements(4);
    const result = this.oneOf(
      () => `${this.expression('i32', 2)} ${this.expression('i64', 2)}`,
      () => `(return_call $f${this.below(this.functionCount)} ${this.expression('i32', 1)} ${this.expression('i64', 1)})`,
    );
    return `(func $f${index} (export "f${index}") ${signature} (local $a i32) (local $b i64) (local $c f64) (local $d i32)
      (call $turn) ${body} ${result})`;
  }

  private statements(depth: number): string {
    const count = 1 + this.below(4);
    return Array.from({ length: count }, () => this.statement(depth)).join('\n');
  }

  private statement(depth: number): string {
    this.size -= 1;
    if (depth <= 0 || this.size <= 0) return this.assignment();
    return this.oneOf(
      () => this.assignment(),
      () => this.assignment(),
      () => this.loop(depth),
      () => this.loop(depth),
      () => this.tightLoop(),
      () => this.block(depth),
      () => `(if ${this.condition()} (then ${this.statements(depth - 1)}) (else ${this.statements(depth - 1)}))`,
      () => `(if ${this.condition()} (then ${this.statements(depth - 1)}))`,
      () => this.branch(),
      () => this.branch(),
      () => this.branchTable(depth),
      () => this.call(),
      () => this.bulk(),
      () => this.exception(depth),
      () => this.valueLoop(depth),
      () => (this.below(8) === 0 ? '(return (i32.const 1) (i64.const 2))' : this.assignment()),
    );
  }

  private assignment(): string {
    return this.oneOf(
      () =>
        `(local.set ${this.oneOf(
          () => '$a',
          () => '$d',
          () => '0',
        )} ${this.expression('i32', 3)})`,
      () =>
        `(local.set ${this.oneOf(
          () => '$b',
          () => '1',
        )} ${this.expression('i64', 3)})`,
      () => `(local.set $c ${this.expression('f64', 2)})`,
      () => `(global.set $g0 ${this.expression('i32', 2)})`,
      () => `(global.set $g1 ${this.expression('i64', 2)})`,
      () => `(i32.store ${this.address()} ${this.expression('i32', 2)})`,
      () => `(i64.store8 ${this.address()} ${this.expression('i64', 2)})`,
    );
  }

  /** A loop that counts a local down, or one that goes round while a condition holds. */
  private loop(depth: number): string {
    const name = this.newName();
    return this.within({ name, isLoop: true, type: undefined }, () =>
      this.oneOf(
        () => `(loop ${name} (call $turn) ${this.statements(depth - 1)} (br_if ${name} ${this.condition()}))`,
        () => `(local.set $d (i32.const ${this.below(40)}))
          (loop ${name} (call $turn) ${this.assignment()}
            (br_if ${name} (i32.gt_s (local.tee $d (i32.sub (local.get $d) (i32.const 1))) (i32.const 0))))`,
      ),
    );
  }

  /** A loop that is small and calls no one, with ways on and out of it to anywhere. */
  private tightLoop(): string {
    const name = this.newName();
    const inner = this.newName();
    return this.within({ name, isLoop: true, type: undefined }, () => {
      const ways = Array.from({ length: 1 + this.below(3) }, () => this.tightWay());
      const block = this.within({ name: inner, isLoop: false, type: undefined }, () => `(block ${inner} ${this.tightWay()})`);
      const last = this.pick(`(br ${name})`, `(br_if ${name} ${this.bit()})`, '', '(return (i32.const 3) (i64.const 4))');
      return `(loop ${name} ${inlineTurn} ${ways.join(' ')} ${this.below(2) === 0 ? block : ''} ${last})`;
    });
  }

  private tightWay(): string {
    const plain = this.labels.filter(({ type }) => type === undefined).map(({ name }) => name);
    const label = this.pick(...plain);
    return this.oneOf(
      () => `(br_if ${label} ${this.bit()})`,
      () => `(if ${this.bit()} (then (br ${label})) (else (global.set $g0 (i32.add (global.get $g0) (i32.const 7)))))`,
      () => `(if ${this.bit()} (then (br_table ${label} ${this.pick(...plain)} ${this.bit()})))`,
      () => `(if ${this.bit()} (then (return (local.get 0) (local.get $b))))`,
      () => this.valueBranch(),
      () => '(local.set $a (i32.add (local.get $a) (i32.const 3)))',
      () => '(local.set $d (i32.rotl (i32.add (local.get $d) (local.get 0)) (local.get $a)))',
    );
  }

  /** A branch that takes a number along, if there is a block that wants one. */
  private valueBranch(): string {
    const label = this.labels.findLast(({ type, isLoop }) => type === 'i32' && !isLoop);
    return label === undefined ? '(nop)' : `(drop (br_if ${label.name} (local.get $d) ${this.bit()}))`;
  }

  /** A condition of few bytes. */
  private bit(): string {
    return `(i32.and (i32.shr_u ${this.pick('(local.get $a)', '(local.get $d)', '(global.get $turns)')} (i32.const ${this.below(8)})) (i32.const 1))`;
  }

  /** A loop with a parameter and a result, which has to keep both when another loop is put around it. */
  private valueLoop(depth: number): string {
    const name = this.newName();
    const body = this.within({ name, isLoop: true, type: 'i32' }, () => this.statements(depth - 1));
    return `${this.expression('i32', 1)} (loop ${name} (param i32) (result i32) (call $turn) (local.set $a) ${body}
      (i32.sub (local.get $a) (i32.const 1)) (br_if ${name} (i32.gt_s (local.get $a) (i32.const ${this.below(50)})))) (local.set $a)`;
  }

  private block(depth: number): string {
    const name = this.newName();
    if (this.below(2) === 0) {
      return this.within({ name, isLoop: false, type: undefined }, () => `(block ${name} ${this.statements(depth - 1)})`);
    }
    return this.within(
      { name, isLoop: false, type: 'i32' },
      () => `(local.set $a (block ${name} (result i32) ${this.statements(depth - 1)} ${this.expression('i32', 2)}))`,
    );
  }

  private branch(): string {
    const label = this.labels[this.below(this.labels.length)];
    if (label === undefined) return this.assignment();
    const value = label.type === undefined ? '' : this.expression(label.type, 1);
    if (label.type === undefined || this.below(3) === 0) return `(if ${this.condition()} (then (br ${label.name} ${value})))`;
    return `(drop (br_if ${label.name} ${value} ${this.condition()}))`;
  }

  private branchTable(depth: number): string {
    const names = [this.newName(), this.newName(), this.newName()];
    const outer = this.labels.filter(({ type }) => type === undefined).map(({ name }) => name);
    const targets = [...names, ...outer];
    const count = 1 + this.below(5);
    const table = Array.from({ length: count }, () => targets[this.below(targets.length)]).join(' ');
    const [first, second, third] = names;
    return `(block ${third} (block ${second} (block ${first} (br_table ${table} ${first} ${this.expression('i32', 1)}))
      ${this.statement(depth - 2)}) ${this.statement(depth - 2)})`;
  }

  private call(): string {
    const args = `${this.expression('i32', 1)} ${this.expression('i64', 1)}`;
    return this.oneOf(
      () => `(call $f${this.below(this.functionCount)} ${args}) (local.set $b) (local.set $a)`,
      () => `(call_indirect $table (type $sig) ${args} (i32.and ${this.expression('i32', 1)} (i32.const 7))) (local.set $b) (local.set $a)`,
      () => `(local.set $a (call $leaf ${this.expression('i32', 1)}))`,
    );
  }

  private bulk(): string {
    const size = `(i32.const ${this.below(300)})`;
    return this.oneOf(
      () => `(memory.fill ${this.address()} (i32.const ${this.below(256)}) ${size})`,
      () => `(memory.copy ${this.address()} ${this.address()} ${size})`,
      () => `(memory.init $passive ${this.address()} (i32.const 2) (i32.const ${this.below(12)}))`,
      () => `(local.set $a (memory.grow (i32.const ${this.below(2)})))`,
      () => `(table.copy $table $table (i32.const 0) (i32.const 1) (i32.const ${this.below(2)}))`,
    );
  }

  private exception(depth: number): string {
    const body = this.statements(depth - 1);
    const thrown = this.oneOf(
      () => `(if ${this.condition()} (then (throw $tag ${this.expression('i32', 1)})))`,
      () => this.call(),
    );
    return this.oneOf(
      () => `(try (do ${body} ${thrown}) (catch $tag (local.set $a) ${this.statement(depth - 2)}))`,
      () => `(try (do ${body} ${thrown}) (catch_all ${this.statement(depth - 2)}))`,
      () => `(try (do (try (do ${body} ${thrown}) (delegate 0))) (catch_all))`,
      () => `(try (do (try (do ${thrown}) (catch_all ${body} (rethrow 0)))) (catch_all))`,
    );
  }

  private condition(): string {
    return this.oneOf(
      () => `(i32.lt_u (i32.and ${this.expression('i32', 2)} (i32.const 15)) (i32.const ${this.below(16)}))`,
      () => `(i64.eqz (i64.and ${this.expression('i64', 2)} (i64.const 3)))`,
      () => `(f64.lt ${this.expression('f64', 1)} ${this.expression('f64', 1)})`,
    );
  }

  private address(): string {
    return this.below(30) === 0 ? '(i32.const 65530)' : `(i32.and ${this.expression('i32', 1)} (i32.const 32767))`;
  }

  private expression(type: Type, depth: number): string {
    if (depth <= 0) return this.atom(type);
    const next = (of: Type = type): string => this.expression(of, depth - 1);
    switch (type) {
      case 'i32':
        return this.oneOf(
          () => this.atom(type),
          () => `(i32.${this.pick('add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'rotl', 'shr_u')} ${next()} ${next()})`,
          () => (this.below(12) === 0 ? `(i32.div_s ${next()} ${next()})` : `(i32.eq ${next()} ${next()})`),
          () => `(i32.load16_s (i32.and ${next()} (i32.const 32767)))`,
          () => `(i32.wrap_i64 ${next('i64')})`,
          () => `(i32.trunc_sat_f64_s ${next('f64')})`,
          () => `(select ${next()} ${next()} ${next()})`,
          () => `(if (result i32) ${next()} (then ${next()}) (else ${next()}))`,
          () => `(i32x4.extract_lane ${this.below(4)} (i32x4.add (i32x4.splat ${next()}) (v128.load (i32.and ${next()} (i32.const 32767)))))`,
          () => `(call $leaf ${next()})`,
        );
      case 'i64':
        return this.oneOf(
          () => this.atom(type),
          () => `(i64.${this.pick('add', 'sub', 'mul', 'xor', 'shr_s', 'rotr')} ${next()} ${next()})`,
          () => `(i64.extend_i32_s ${next('i32')})`,
          () => `(i64.load (i32.and ${next('i32')} (i32.const 32767)))`,
        );
      case 'f64':
        return this.oneOf(
          () => this.atom(type),
          () => `(f64.${this.pick('add', 'sub', 'mul', 'max')} ${next()} ${next()})`,
          () => `(f64.convert_i32_s ${next('i32')})`,
        );
    }
  }

  private atom(type: Type): string {
    switch (type) {
      case 'i32':
        return this.oneOf(
          () => '(local.get 0)',
          () => '(local.get $a)',
          () => '(local.get $d)',
          () => '(global.get $g0)',
          () => `(i32.const ${this.number()})`,
        );
      case 'i64':
        return this.oneOf(
          () => '(local.get 1)',
          () => '(local.get $b)',
          () => '(global.get $g1)',
          () => `(i64.const ${this.number()})`,
        );
      case 'f64':
        return this.oneOf(
          () => '(local.get $c)',
          () => '(global.get $g2)',
          () => `(f64.const ${this.below(100) / 8})`,
        );
    }
  }

  private within(label: Label, write: () => string): string {
    this.labels.push(label);
    try {
      return write();
    } finally {
      this.labels.pop();
    }
  }

  private newName(): string {
    this.names += 1;
    return `$l${this.names}`;
  }

  private number(): number {
    return this.below(4) === 0 ? this.below(0x7fff_ffff) : this.below(20) - 4;
  }

  private pick<Name extends string>(...names: readonly Name[]): string {
    return names[this.below(names.length)] ?? '';
  }

  private oneOf(...writers: readonly (() => string)[]): string {
    return writers[this.below(writers.length)]?.() ?? '';
  }

  /** Mulberry32: small, and good enough to choose with. */
  private below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return limit === 0 ? 0 : ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }
}

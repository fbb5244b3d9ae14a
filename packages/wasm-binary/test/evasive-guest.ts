import fc from 'fast-check';

/**
 * A part of a function. Labels are numbers of blocks outwards, as many as there are at most; conditions look at a bit of a
 * number that each step changes.
 */
type Part =
  | { readonly kind: 'steps'; readonly count: number }
  | { readonly kind: 'block' | 'loop'; readonly parts: readonly Part[] }
  | { readonly kind: 'if'; readonly bit: number; readonly parts: readonly Part[]; readonly others: readonly Part[] }
  | { readonly kind: 'branch'; readonly bit: number; readonly label: number }
  | { readonly kind: 'jump'; readonly label: number }
  | { readonly kind: 'branchTable'; readonly labels: readonly number[] }
  | { readonly kind: 'return'; readonly bit: number }
  | { readonly kind: 'call' | 'callIndirect' | 'returnCall'; readonly callee: number }
  | { readonly kind: 'bulk' }
  | { readonly kind: 'throw'; readonly bit: number }
  | { readonly kind: 'try'; readonly parts: readonly Part[] };

/** Functions that call each other and themselves, loop, throw and leave wherever they like. */
type EvasiveGuest = readonly (readonly Part[])[];

const bit = fc.nat({ max: 15 });
const label = fc.nat({ max: 6 });
const callee = fc.nat({ max: 4 });

const way: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ kind: fc.constant('branch' as const), bit, label }),
  fc.record({ kind: fc.constant('jump' as const), label }),
  fc.record({ kind: fc.constant('branchTable' as const), labels: fc.array(label, { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('return' as const), bit }),
);
/** Small and without calls. */
const tightLoop: fc.Arbitrary<Part> = fc.record({ kind: fc.constant('loop' as const), parts: fc.array(way, { maxLength: 3 }) });

const { parts } = fc.letrec<{ parts: readonly Part[]; part: Part }>((tie) => ({
  parts: fc.array(tie('part'), { minLength: 1, maxLength: 4, depthIdentifier: 'parts' }),
  part: fc.oneof(
    { depthSize: 'medium', depthIdentifier: 'parts' },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('steps' as const), count: fc.integer({ min: 1, max: 20 }) }) },
    { weight: 1, arbitrary: way },
    { weight: 1, arbitrary: fc.constant({ kind: 'bulk' as const }) },
    { weight: 3, arbitrary: tightLoop },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('call' as const, 'callIndirect' as const, 'returnCall' as const), callee }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('block' as const, 'try' as const), parts: tie('parts') }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('loop' as const), parts: tie('parts') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('if' as const), bit, parts: tie('parts'), others: tie('parts') }) },
    // Within a `try`, for one that nobody catches ends everything.
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('try' as const),
        parts: fc.tuple(tie('part'), fc.record({ kind: fc.constant('throw' as const), bit })),
      }),
    },
  ),
}));

export const evasiveGuests: fc.Arbitrary<EvasiveGuest> = fc.array(parts, { minLength: 1, maxLength: 5 });

/** Counts so many instructions, of which it is ten. */
function counting(instructions: number): string {
  return `(global.set $executed (i32.add (global.get $executed) (i32.const ${instructions})))
    (global.set $r (i32.add (i32.mul (global.get $r) (i32.const 1103515245)) (i32.const 12345)))`;
}
const step = counting(10);

/** Begins all that can be repeated: a step, and the end of a guest that nothing else has stopped. */
function first(executedMax: number): string {
  return `${counting(14)} (if (i32.gt_u (global.get $executed) (i32.const ${executedMax})) (then (unreachable)))`;
}

/**
 * WebAssembly text of a guest that counts the instructions it executes in its global `executed`, rather too few than too
 * many, and traps by itself once they are more than `executedMax`. It exports `run`.
 */
export function evasiveModule(guest: EvasiveGuest, executedMax: number): string {
  const functions = guest.map((body, index) => `(func $f${index} ${first(executedMax)} ${writeParts(body, 0)})`);
  return `(module
    (global $executed (export "executed") (mut i32) (i32.const 0))
    (global $r (mut i32) (i32.const 7))
    (memory 1)
    (tag $tag)
    (table ${guest.length} funcref) (elem (i32.const 0) func ${guest.map((_, index) => `$f${index}`).join(' ')})
    ${functions.join('\n')}
    (func (export "run") (call $f0)))`;

  function writeParts(body: readonly Part[], depth: number): string {
    return body.map((part) => writePart(part, depth)).join('\n');
  }

  function writePart(part: Part, depth: number): string {
    const labelIn = (wanted: number): number => wanted % (depth + 1);
    switch (part.kind) {
      case 'steps':
        return step.repeat(part.count);
      case 'block':
        return `(block ${writeParts(part.parts, depth + 1)})`;
      case 'loop':
        return `(loop ${first(executedMax)} ${writeParts(part.parts, depth + 1)})`;
      case 'if':
        return `(if ${condition(part.bit)} (then ${writeParts(part.parts, depth + 1)}) (else ${writeParts(part.others, depth + 1)}))`;
      case 'branch':
        return `(br_if ${labelIn(part.label)} ${condition(part.bit)})`;
      case 'jump':
        return `(br ${labelIn(part.label)})`;
      case 'branchTable':
        // A block around it, so that what follows can be reached.
        return `(block (br_table ${part.labels.map((wanted) => wanted % (depth + 2)).join(' ')} (i32.and (global.get $r) (i32.const 3))))`;
      case 'return':
        return `(if ${condition(part.bit)} (then (return)))`;
      case 'call':
        return `(call $f${part.callee % guest.length})`;
      case 'callIndirect':
        return `(call_indirect (i32.const ${part.callee % guest.length}))`;
      case 'returnCall':
        return `(if ${condition(part.callee)} (then (return_call $f${part.callee % guest.length})))`;
      case 'bulk':
        // Pays for what is before it.
        return '(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))';
      case 'throw':
        return `(if ${condition(part.bit)} (then (throw $tag)))`;
      case 'try':
        return `(try (do ${writeParts(part.parts, depth + 1)}) (catch_all))`;
    }
  }
}

function condition(of: number): string {
  return `(i32.and (i32.shr_u (global.get $r) (i32.const ${of + 8})) (i32.const 1))`;
}

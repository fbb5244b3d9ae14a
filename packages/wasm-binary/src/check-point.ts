/** A place in a function's code that rewriting changes. Each check leaves the stack as it found it. */
export type CheckPoint =
  /** Pays `cost` before the instruction at `at`. */
  | { readonly kind: 'pay'; readonly at: number; cost: number }
  /** Pays `cost` each time the body of the loop whose opcode is at `at` is entered or repeated. */
  | LoopPoint
  /** Behind the end of a loop that was put into other blocks: as many more `end` are due. */
  | { readonly kind: 'endOfLoop'; readonly at: number; readonly ends: number }
  /** A label that counts more blocks than it did; `at` is where the number stands. In a paired loop still more come to it. */
  | { readonly kind: 'label'; readonly at: number; readonly label: number }
  /** Pays by the number on top of the stack, and `cost`, before a bulk operation. */
  | { readonly kind: 'bulkMemory' | 'bulkTable'; readonly at: number; readonly cost: number }
  /** Pays by the number on top of the stack, and `cost`, and calls what grows the memory instead of the `memory.grow`. */
  | { readonly kind: 'memoryGrow'; readonly at: number; readonly behindAt: number; readonly cost: number }
  /** Reads the counted pages instead of a `memory.size`. */
  | { readonly kind: 'memorySize'; readonly at: number; readonly behindAt: number };

/**
 * How a loop is charged.
 *
 * `direct` takes its cost from the global each time. `counted` takes it from a local that is filled up from the global now
 * and then. `wrapped` does that too, from within a second loop around the first, so that there is neither a call nor an
 * access to a global in the inner one, and V8 treats it as it would have. `paired` is a wrapped loop whose body is there
 * twice, so that one check is good for two turns.
 */
type LoopCharge = 'direct' | 'counted' | 'wrapped' | 'paired';

/** A loop without calls and loops is paired if there is no more than this up to its `end`, in bytes: it is what a check is dear for. */
export const pairedLoopMaxBytes = 64;

export interface LoopPoint {
  readonly kind: 'loop';
  readonly at: number;
  /** Of one turn. */
  cost: number;
  charge: LoopCharge;
  /** Where the loop's `end` is, once that is known. */
  endAt: number;
}

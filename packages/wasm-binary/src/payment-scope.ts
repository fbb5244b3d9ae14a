import type { LoopPoint } from './check-point.js';

/**
 * A part of a function whose costs are paid in one place: the whole function by its callers, a loop at its head, and what
 * lies behind the check of a recursive function by that check.
 */
export interface PaymentScope {
  /** How many scopes there are around it. */
  readonly level: number;
  /** What is unpaid in the parent when control comes back to it. */
  readonly costOutside: number;
  readonly point: { cost: number } | undefined;
  readonly loop: LoopPoint | undefined;
  hasCyclicCall: boolean;
  /** Whether nothing in it calls, loops, or pays. */
  isLeaf: boolean;
  /** Whether it names blocks otherwise than by the labels there are events for, so that none may come in between. */
  keepsLabels: boolean;
  /** The most that is unpaid where control leaves it. */
  cost: number;
}

export function newScope(level: number, costOutside: number, point: { cost: number } | undefined, loop: LoopPoint | undefined): PaymentScope {
  return { level, costOutside, point, loop, hasCyclicCall: false, isLeaf: true, keepsLabels: false, cost: 0 };
}

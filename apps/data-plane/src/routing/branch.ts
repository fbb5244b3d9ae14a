import type { Expression, Expressions } from './expressions.js';
import type { Step } from './path-place.js';

/** One change of a tree: what it has made or copied is its own, and may be changed in place. */
export type Edit = symbol;

/** One way to reach a route: what of the path is a name, and how much of it the match took. */
export interface PathEntry<T> {
  readonly value: T;
  readonly priority: number;
  /** Names of the segments that have one, in path order. */
  readonly paramNames: readonly string[];
}

interface ExpressionBranch<T> {
  readonly source: string;
  readonly expression: Expression;
  readonly branch: Branch<T>;
}

/** A place in a tree of paths. */
export interface Branch<T> {
  /** Whose it is; all others copy it before they change it. */
  readonly edit: Edit;
  /** The highest of any entry at or below it. */
  priorityMax: number;
  readonly literals: Map<string, Branch<T>>;
  /** In the order of their text. */
  readonly expressions: ExpressionBranch<T>[];
  named: Branch<T> | undefined;
  star: Branch<T> | undefined;
  /** Paths that end here: exact ones and templates, highest priority first. */
  readonly ends: PathEntry<T>[];
  /** Prefixes that end here, highest priority first. */
  readonly prefixes: PathEntry<T>[];
}

export function newBranch<T>(edit: Edit): Branch<T> {
  return {
    edit,
    priorityMax: Number.NEGATIVE_INFINITY,
    literals: new Map(),
    expressions: [],
    named: undefined,
    star: undefined,
    ends: [],
    prefixes: [],
  };
}

/** The branch itself when the edit has made it, else a copy; what hangs on it is still shared. */
export function ownBranch<T>(branch: Branch<T>, edit: Edit): Branch<T> {
  if (branch.edit === edit) return branch;
  const { priorityMax, literals, expressions, named, star, ends, prefixes } = branch;
  return {
    edit,
    priorityMax,
    literals: new Map(literals),
    expressions: [...expressions],
    named,
    star,
    ends: [...ends],
    prefixes: [...prefixes],
  };
}

export function isEmpty<T>(branch: Branch<T>): boolean {
  return (
    branch.ends.length === 0 &&
    branch.prefixes.length === 0 &&
    branch.literals.size === 0 &&
    branch.expressions.length === 0 &&
    branch.named === undefined &&
    branch.star === undefined
  );
}

export function childAt<T>(parent: Branch<T>, step: Step): Branch<T> | undefined {
  if (typeof step === 'string') return parent.literals.get(step);
  if (step.type === 'expression') return parent.expressions.find(({ source }) => source === step.source)?.branch;
  return parent[step.type];
}

/** Puts a branch below one that is the edit's own, in place of what was there. */
export function setChild<T>(parent: Branch<T>, step: Step, branch: Branch<T>, expressions: Expressions): void {
  if (typeof step === 'string') {
    parent.literals.set(step, branch);
  } else if (step.type !== 'expression') {
    parent[step.type] = branch;
  } else {
    const { source } = step;
    const at = parent.expressions.findIndex((other) => other.source >= source);
    const isThere = parent.expressions[at]?.source === source;
    const entry = { source, expression: expressions.compile(source), branch };
    parent.expressions.splice(at === -1 ? parent.expressions.length : at, isThere ? 1 : 0, entry);
  }
}

export function dropChild<T>(parent: Branch<T>, step: Step): void {
  if (typeof step === 'string') {
    parent.literals.delete(step);
  } else if (step.type === 'expression') {
    const at = parent.expressions.findIndex(({ source }) => source === step.source);
    if (at !== -1) parent.expressions.splice(at, 1);
  } else {
    parent[step.type] = undefined;
  }
}

/** The highest priority of any entry at or below a branch whose `priorityMax` is that or more; ends at the first that has as much. */
export function highestPriority<T>(branch: Branch<T>): number {
  const { priorityMax: bound, literals, expressions, named, star, ends, prefixes } = branch;
  let highest = Math.max(ends[0]?.priority ?? Number.NEGATIVE_INFINITY, prefixes[0]?.priority ?? Number.NEGATIVE_INFINITY);
  highest = Math.max(highest, named?.priorityMax ?? Number.NEGATIVE_INFINITY, star?.priorityMax ?? Number.NEGATIVE_INFINITY);
  for (const entry of expressions) highest = Math.max(highest, entry.branch.priorityMax);
  if (highest >= bound) return bound;
  for (const child of literals.values()) {
    if (child.priorityMax >= bound) return bound;
    highest = Math.max(highest, child.priorityMax);
  }
  return highest;
}

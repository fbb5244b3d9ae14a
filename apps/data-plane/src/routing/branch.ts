import type { Bunch, Edit, PathEntry } from './bunch.js';
import type { ExpressionStep, Step } from './path-place.js';
import { SplitMap } from './split-map.js';

interface ExpressionChild<Entry extends PathEntry> {
  readonly step: ExpressionStep;
  readonly node: PathNode<Entry>;
}

/** Where paths part. What it has none of takes no memory. */
export interface Branch<Entry extends PathEntry> {
  readonly kind: 'branch';
  /** Whose it is; all others copy it before they change it. */
  readonly edit: Edit<Entry>;
  /** The highest of any entry at or below it. */
  priority: number;
  literals: SplitMap<PathNode<Entry>> | undefined;
  /** In the order of their text. */
  expressions: ExpressionChild<Entry>[] | undefined;
  named: PathNode<Entry> | undefined;
  star: PathNode<Entry> | undefined;
  /** Paths that end here: exact ones and templates. */
  ends: Bunch<Entry> | undefined;
  /** Prefixes that end here. */
  prefixes: Bunch<Entry> | undefined;
}

/** A tree of paths, or what is below one of its steps: a bunch alone stands for all the steps it has left. */
export type PathNode<Entry extends PathEntry> = Bunch<Entry> | Branch<Entry>;

export function newBranch<Entry extends PathEntry>(edit: Edit<Entry>): Branch<Entry> {
  return {
    kind: 'branch',
    edit,
    priority: Number.NEGATIVE_INFINITY,
    literals: undefined,
    expressions: undefined,
    named: undefined,
    star: undefined,
    ends: undefined,
    prefixes: undefined,
  };
}

/** The branch itself when the edit has made it, else a copy; what hangs on it is still shared. */
export function ownBranch<Entry extends PathEntry>(branch: Branch<Entry>, edit: Edit<Entry>): Branch<Entry> {
  if (branch.edit === edit) return branch;
  const { kind, priority, literals, expressions, named, star, ends, prefixes } = branch;
  return {
    kind,
    edit,
    priority,
    literals,
    expressions: expressions && [...expressions],
    named,
    star,
    ends,
    prefixes,
  };
}

export function childAt<Entry extends PathEntry>(parent: Branch<Entry>, step: Step): PathNode<Entry> | undefined {
  if (typeof step === 'string') return parent.literals?.get(step);
  if (step.type === 'expression') return parent.expressions?.find((child) => child.step.source === step.source)?.node;
  return parent[step.type];
}

/** Puts a node below a branch that is the edit's own, in place of what was there; undefined leaves nothing. */
export function setChild<Entry extends PathEntry>(parent: Branch<Entry>, step: Step, node: PathNode<Entry> | undefined): void {
  if (typeof step === 'string') setLiteral(parent, step, node);
  else if (step.type === 'expression') setExpression(parent, step, node);
  else parent[step.type] = node;
}

function setLiteral<Entry extends PathEntry>(parent: Branch<Entry>, text: string, node: PathNode<Entry> | undefined): void {
  const literals = parent.literals?.ownedBy(parent.edit) ?? new SplitMap(parent.edit);
  if (node === undefined) literals.delete(text);
  else literals.set(text, node);
  parent.literals = literals.size === 0 ? undefined : literals;
}

function setExpression<Entry extends PathEntry>(parent: Branch<Entry>, step: ExpressionStep, node: PathNode<Entry> | undefined): void {
  const others = parent.expressions?.filter((child) => child.step.source !== step.source) ?? [];
  if (node !== undefined) {
    const at = others.findIndex((child) => child.step.source > step.source);
    others.splice(at === -1 ? others.length : at, 0, { step, node });
  }
  parent.expressions = others.length === 0 ? undefined : others;
}

/** What is to stand in place of a branch of which something was taken: nothing, the bunch alone that it leads to, or itself. */
export function reduced<Entry extends PathEntry>(branch: Branch<Entry>): PathNode<Entry> | undefined {
  const { literals, expressions } = branch;
  const others = othersOf(branch);
  if (others.length + (literals?.size ?? 0) + (expressions?.length ?? 0) > 1) return branch;
  const last = others[0] ?? expressions?.[0]?.node ?? literals?.values().next().value;
  return last?.kind === 'branch' ? branch : last;
}

/** The highest priority of any entry at or below a branch whose `priority` is that or more; ends at the first that has as much. */
export function highestPriority<Entry extends PathEntry>(branch: Branch<Entry>): number {
  const { priority: bound, literals, expressions = [] } = branch;
  let highest = Number.NEGATIVE_INFINITY;
  for (const node of othersOf(branch)) highest = Math.max(highest, node.priority);
  for (const { node } of expressions) highest = Math.max(highest, node.priority);
  if (highest >= bound || literals === undefined) return highest;
  for (const node of literals.values()) {
    if (node.priority >= bound) return bound;
    highest = Math.max(highest, node.priority);
  }
  return highest;
}

/** What is at or below a branch, but for literals and expressions, of which there may be many. */
function othersOf<Entry extends PathEntry>({ named, star, ends, prefixes }: Branch<Entry>): PathNode<Entry>[] {
  return [ends, prefixes, named, star].filter((node) => node !== undefined);
}

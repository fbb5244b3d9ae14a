import { type CheckPoint, type LoopPoint, pairedLoopMaxBytes } from './check-point.js';
import { type CodeEvents, eventKinds, eventWidth } from './code-events.js';
import { deeperLabels } from './deeper-labels.js';
import { callCost, indirectCallCost, throwCost } from './fuel-cost.js';
import { newScope, type PaymentScope } from './payment-scope.js';

/** What calls cost their caller, as far as is known; see `planChecks`. */
export interface CalleeCosts {
  /** Units that a call of this function leaves for the caller to pay; of an import, all it costs. */
  unpaid(functionIndex: number): number;
  /** The most units that it runs before it pays for the first time, or in all. */
  untilPaid(functionIndex: number): number;
  /** The most that is unpaid in it while it runs what pays for itself, from where it may never come back; -1 if it always returns. */
  lost(functionIndex: number): number;
  unpaidOfType(typeIndex: number): number;
  untilPaidOfType(typeIndex: number): number;
  lostOfType(typeIndex: number): number;
  /** Whether such a call could come back to the function it is in. */
  isCyclic(functionIndex: number): boolean;
  isCyclicOfType(typeIndex: number): boolean;
}

/** What one call costs; see `CalleeCosts`. */
interface CallCosts {
  /** Of the instruction itself. */
  readonly own: number;
  readonly unpaid: number;
  readonly untilPaid: number;
  readonly lost: number;
  readonly isCyclic: boolean;
}

/** The events of one function, and what to make of them. */
export interface FunctionPart {
  /** Of the module; offsets in events count from its first byte. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** The event before which a recursive function pays. */
  readonly cyclicCheckAt: number | undefined;
  /** Whether only what the function costs its callers is asked for: then loops are passed over. */
  readonly isOutline: boolean;
}

export interface PlacedChecks {
  readonly points: readonly CheckPoint[];
  readonly unpaid: number;
  readonly untilPaid: number;
  readonly lost: number;
}

/** What may run before it is paid for. */
const checkDistance = 500;
/** The cost up to which a loop is counted in a local; one that costs more than this pays directly without much ado. */
const countedLoopMax = 64;
/** The same of a loop without calls and loops in it, in which a direct payment would be the only call and access to a global. */
const countedLeafLoopMax = 128;
/** The type of a block that takes and gives nothing. */
const emptyBlock = 0x40;
/** What a check and the jump back cost, so that an empty loop costs something. */
const loopCost = 2;
/** An exception may come from anywhere in a `try`, where at most this is unpaid. */
const caughtCost = 2 * checkDistance;
const unreachable = -1;
/** Instead of what is lost in a function that has no loops, throws nothing, and calls only such functions: it returns or traps. */
const returns = -1;

/** A block that is open. `cost` is the most that is unpaid on the ways that have jumped to its end. */
interface Frame {
  readonly kind: number;
  readonly scope: PaymentScope;
  readonly startEvent: number;
  readonly startCost: number;
  cost: number;
  hasElse: boolean;
}

/**
 * Decides where one function pays for what, so that nothing runs for much more than `checkDistance` units unpaid, and
 * every way around a loop or a recursion pays.
 *
 * Follows the dearest way through the code: `cost` is the most that can be unpaid where it stands.
 */
export function placeChecks(events: CodeEvents, part: FunctionPart, costs: CalleeCosts): PlacedChecks {
  return new Placing(events, part, costs).run();
}

class Placing {
  private readonly numbers: Int32Array;
  private readonly part: FunctionPart;
  private readonly costs: CalleeCosts;
  private readonly points: CheckPoint[] = [];
  private readonly frames: Frame[] = [];
  /** The scopes that are open, outermost first; a function's own stays open to the end. */
  private readonly scopes: PaymentScope[];
  private readonly root: PaymentScope;
  private scope: PaymentScope;
  private cost = 0;
  private untilPaid = 0;
  private lost = returns;
  /** The events that opened loops which get another loop around them. */
  private readonly wrapped = new Set<number>();

  constructor(events: CodeEvents, part: FunctionPart, costs: CalleeCosts) {
    this.numbers = events.numbers;
    this.part = part;
    this.costs = costs;
    this.root = newScope(0, 0, undefined, undefined);
    this.scopes = [this.root];
    this.scope = this.root;
    this.openFrame(eventKinds.block, part.start);
  }

  run(): PlacedChecks {
    const { numbers } = this;
    const { start, end, cyclicCheckAt, isOutline } = this.part;
    for (let event = start; event < end; event += eventWidth) {
      if (this.cost !== unreachable) {
        this.cost += numbers[event + 2] ?? 0;
        if (event === cyclicCheckAt) this.openCyclicScope(event);
      }
      if (isOutline && numbers[event] === eventKinds.loop) event = this.passLoop(event);
      else this.step(event);
    }
    const { points } = this;
    if (this.wrapped.size > 0) {
      for (const label of deeperLabels(numbers, this.part, this.wrapped)) points.push(label);
      points.sort((a, b) => a.at - b.at);
    }
    return { points, unpaid: this.root.cost, untilPaid: Math.max(this.untilPaid, this.root.cost), lost: this.lost };
  }

  /** A loop pays for itself; where it may lead to, at most that is unpaid which was before it. Answers the event that ends it. */
  private passLoop(event: number): number {
    if (this.cost !== unreachable) {
      this.payIfDue(this.numbers[event + 1] ?? 0);
      this.notePaying();
      this.noteLost(0);
      this.leaveScope();
      for (const frame of this.frames) if (frame.kind !== eventKinds.loop) frame.cost = Math.max(frame.cost, this.cost);
    }
    return this.numbers[event + 3] ?? event;
  }

  private step(event: number): void {
    const at = this.numbers[event + 1] ?? 0;
    const argument = this.numbers[event + 3] ?? 0;
    switch (this.numbers[event]) {
      case eventKinds.block:
      case eventKinds.if:
        this.payIfDue(at);
        this.openFrame(this.numbers[event] ?? 0, event);
        return;
      case eventKinds.try:
        this.payIfDue(at);
        this.keepLabels();
        this.openFrame(eventKinds.try, event);
        return;
      case eventKinds.loop:
        this.payIfDue(at);
        this.openLoop(event, at);
        return;
      case eventKinds.else:
        this.payIfDue(at);
        this.nextArm(this.frames.at(-1)?.startCost ?? 0);
        return;
      case eventKinds.catch:
        this.payIfDue(at);
        this.nextArm(caughtCost);
        return;
      case eventKinds.end:
        this.payIfDue(at);
        this.closeFrame(at);
        return;
      case eventKinds.mark:
        this.payIfDue(at);
        return;
      case eventKinds.branch:
        // Here and for `br` the opcode is the one byte before the label.
        this.payIfDue(at - 1);
        this.leaveFor(argument, this.cost);
        return;
      case eventKinds.jump:
        this.payIfDue(at - 1);
        this.leaveFor(argument, this.cost);
        this.cost = unreachable;
        return;
      case eventKinds.target:
        this.leaveFor(argument, this.cost);
        return;
      case eventKinds.catchTarget:
        if (this.cost !== unreachable) this.leaveFor(argument, caughtCost);
        return;
      case eventKinds.return:
        this.payIfDue(at);
        this.leaveScope();
        this.cost = unreachable;
        return;
      case eventKinds.throw:
        // A `rethrow` names the `try` it is for.
        this.keepLabels();
        if (this.cost !== unreachable) {
          this.pay(at, throwCost);
          this.noteLost(0);
        }
        this.cost = unreachable;
        return;
      case eventKinds.unreachable:
        this.leaveScope();
        this.cost = unreachable;
        return;
      default:
        if (this.cost !== unreachable) this.work(event, at, argument);
    }
  }

  private work(event: number, at: number, argument: number): void {
    const { costs } = this;
    this.scope.isLeaf = false;
    switch (this.numbers[event]) {
      case eventKinds.call:
        this.call(at, {
          own: callCost,
          unpaid: costs.unpaid(argument),
          untilPaid: costs.untilPaid(argument),
          lost: costs.lost(argument),
          isCyclic: costs.isCyclic(argument),
        });
        return;
      case eventKinds.callIndirect:
        this.call(at, {
          own: indirectCallCost,
          unpaid: costs.unpaidOfType(argument),
          untilPaid: costs.untilPaidOfType(argument),
          lost: costs.lostOfType(argument),
          isCyclic: costs.isCyclicOfType(argument),
        });
        return;
      case eventKinds.bulkMemory:
        this.points.push({ kind: 'bulkMemory', at, cost: this.cost });
        this.paid();
        return;
      case eventKinds.bulkTable:
        this.points.push({ kind: 'bulkTable', at, cost: this.cost });
        this.paid();
        return;
      case eventKinds.memoryGrow:
        this.points.push({ kind: 'memoryGrow', at, behindAt: argument, cost: this.cost });
        this.paid();
        return;
      case eventKinds.memorySize:
        this.points.push({ kind: 'memorySize', at, behindAt: argument });
        return;
    }
  }

  private payIfDue(at: number): void {
    if (this.cost > checkDistance) this.pay(at, 0);
  }

  /** Callers and callees together must not run up more than one of them may. */
  private call(at: number, { own, unpaid, untilPaid, lost, isCyclic }: CallCosts): void {
    if (this.cost > 0 && this.cost + untilPaid > checkDistance) this.pay(at, 0);
    if (isCyclic) for (const scope of this.scopes) scope.hasCyclicCall = true;
    if (isCyclic || lost !== returns) this.noteLost(own + Math.max(0, lost));
    if (this.scope === this.root) this.untilPaid = Math.max(this.untilPaid, this.cost + own + untilPaid);
    this.cost += own + unpaid;
  }

  /**
   * Control goes to where it may never come back from, so that what is unpaid here, and `more`, must not wait for that: the
   * scope pays, or a scope of the callers.
   */
  private noteLost(more: number): void {
    if (this.scope === this.root) this.lost = Math.max(this.lost, this.cost + more);
    else {
      this.lost = Math.max(this.lost, 0);
      this.scope.cost = Math.max(this.scope.cost, this.cost + more);
    }
  }

  private pay(at: number, extra: number): void {
    this.points.push({ kind: 'pay', at, cost: this.cost + extra });
    this.paid();
  }

  private paid(): void {
    this.scope.isLeaf = false;
    this.notePaying();
    this.cost = 0;
  }

  private notePaying(): void {
    if (this.scope === this.root) this.untilPaid = Math.max(this.untilPaid, this.cost);
  }

  private keepLabels(): void {
    for (const scope of this.scopes) scope.keepsLabels = true;
  }

  private openFrame(kind: number, startEvent: number): void {
    this.frames.push({ kind, scope: this.scope, startEvent, startCost: this.cost, cost: unreachable, hasElse: false });
  }

  private openLoop(event: number, at: number): void {
    if (this.cost === unreachable) {
      this.openFrame(eventKinds.block, event);
      return;
    }
    this.notePaying();
    this.noteLost(0);
    const point: LoopPoint = { kind: 'loop', at, cost: 0, charge: 'direct', endAt: at };
    this.points.push(point);
    this.enterScope(this.cost, point, point);
    this.openFrame(eventKinds.loop, event);
    this.cost = loopCost;
  }

  /** The check of a recursive function: what is behind it, up to the end of the block it is in, is paid here as well. */
  private openCyclicScope(event: number): void {
    const point = { kind: 'pay' as const, at: this.numbers[event + 1] ?? 0, cost: this.cost };
    this.points.push(point);
    this.paid();
    this.enterScope(0, point, undefined);
  }

  private enterScope(costOutside: number, point: { cost: number }, loop: LoopPoint | undefined): void {
    this.scope.isLeaf = false;
    this.scope.cost = Math.max(this.scope.cost, costOutside);
    this.scope = newScope(this.scopes.length, costOutside, point, loop);
    this.scopes.push(this.scope);
  }

  /** Ends the scope and settles what it costs; control may go on in the parent. */
  private closeScope(): void {
    const { scope } = this;
    this.leaveScope();
    if (scope.point !== undefined) scope.point.cost += scope.cost;
    if (this.cost !== unreachable) this.cost = scope.costOutside;
    this.scopes.pop();
    this.scope = this.scopes.at(-1) ?? this.root;
  }

  private nextArm(startCost: number): void {
    const frame = this.frames.at(-1);
    if (frame === undefined) return;
    // A recursive function's check is good for one arm.
    while (this.scope !== frame.scope) this.closeScope();
    frame.hasElse = true;
    frame.cost = Math.max(frame.cost, this.cost);
    this.cost = frame.startCost === unreachable ? unreachable : startCost;
  }

  private closeFrame(at: number): void {
    const frame = this.frames.pop();
    if (frame === undefined) return;
    while (this.scope !== frame.scope) this.closeScope();
    if (frame.kind === eventKinds.loop) {
      this.closeLoop(frame, at);
      return;
    }
    // Without an `else`, control may come straight from the condition.
    if (frame.kind === eventKinds.if && !frame.hasElse) frame.cost = Math.max(frame.cost, frame.startCost);
    this.cost = Math.max(this.cost, frame.cost);
    if (this.frames.length === 0) this.leaveScope();
  }

  private closeLoop(frame: Frame, at: number): void {
    const { scope } = this;
    const { loop } = scope;
    this.closeScope();
    if (loop === undefined) return;
    if (loop.cost > (scope.isLeaf ? countedLeafLoopMax : countedLoopMax) || scope.hasCyclicCall) return;
    if (scope.keepsLabels) {
      loop.charge = 'counted';
      return;
    }
    loop.endAt = at;
    const isPaired = scope.isLeaf && this.isSmallAndPlain(loop);
    loop.charge = isPaired ? 'paired' : 'wrapped';
    this.points.push({ kind: 'endOfLoop', at: at + 1, ends: isPaired ? 2 : 1 });
    this.wrapped.add(frame.startEvent);
  }

  private isSmallAndPlain({ at, endAt }: LoopPoint): boolean {
    return endAt - at <= pairedLoopMaxBytes && this.part.bytes[at + 1] === emptyBlock;
  }

  private leaveScope(): void {
    if (this.cost > this.scope.cost) this.scope.cost = this.cost;
  }

  private leaveFor(label: number, cost: number): void {
    if (this.cost === unreachable) return;
    const frame = this.frames[this.frames.length - 1 - label];
    if (frame === undefined) return;
    if (frame.kind === eventKinds.loop || frame.scope !== this.scope) this.scope.cost = Math.max(this.scope.cost, cost);
    if (frame.kind === eventKinds.loop) return;
    frame.cost = Math.max(frame.cost, frame.scope === this.scope ? cost : this.costIn(frame.scope));
  }

  /** What is unpaid in an outer scope once control is back there: what was when the scope inside it began. */
  private costIn(outer: PaymentScope): number {
    return this.scopes[outer.level + 1]?.costOutside ?? 0;
  }
}

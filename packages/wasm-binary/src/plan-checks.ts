import { CallGraphBuilder, findComponents } from './call-graph.js';
import type { CheckPoint } from './check-point.js';
import { type CodeEvents, eventKinds, eventWidth } from './code-events.js';
import { findCyclicCheck } from './find-cyclic-check.js';
import { callCost, importCallCost } from './fuel-cost.js';
import { type CalleeCosts, placeChecks } from './place-checks.js';

export interface ModuleCode {
  readonly bytes: Uint8Array;
  readonly events: CodeEvents;
  /** Where each own function's events begin, and, last, where they end. */
  readonly starts: Int32Array;
  readonly importedFunctions: number;
  /** A number for the type of each own function: the same for the same parameters and results. */
  readonly signatures: Int32Array;
  readonly signatureCount: number;
  readonly signatureOfType: (typeIndex: number) => number;
  /** 1 for each own function whose reference is taken: only these can be called through a table. */
  readonly isReferenced: Uint8Array;
}

/**
 * Where each of a module's own functions pays for what it does.
 *
 * A function that calls no one who could call it back, and costs no more than `checkDistance`, pays nothing: its callers
 * do, at each call. So callees are looked at before their callers; those that call each other are looked at twice, the
 * first time for what they cost up to the check before such a call.
 */
export function planChecks(code: ModuleCode): readonly (readonly CheckPoint[])[] {
  return new Plan(code).make();
}

class Plan {
  private readonly code: ModuleCode;
  private readonly functionCount: number;
  /** By node of the call graph: functions first, then signatures. */
  private readonly unpaid: Int32Array;
  private readonly untilPaid: Int32Array;
  private readonly lost: Int32Array;
  private readonly points: (readonly CheckPoint[])[];

  constructor(code: ModuleCode) {
    this.code = code;
    this.functionCount = code.starts.length - 1;
    const nodeCount = this.functionCount + code.signatureCount;
    this.unpaid = new Int32Array(nodeCount);
    this.untilPaid = new Int32Array(nodeCount);
    this.lost = new Int32Array(nodeCount);
    this.points = new Array<readonly CheckPoint[]>(this.functionCount).fill([]);
  }

  make(): readonly (readonly CheckPoint[])[] {
    const { order, componentOf, isCyclic } = findComponents(this.callGraph());
    for (let first = 0; first < order.length; ) {
      const component = componentOf[order[first] ?? 0] ?? 0;
      let end = first + 1;
      while (end < order.length && componentOf[order[end] ?? 0] === component) end += 1;
      const nodes = order.subarray(first, end);
      if (isCyclic[component] === 1) this.placeCyclic(nodes, componentOf, component);
      else for (const node of nodes) this.place(node, undefined);
      first = end;
    }
    return this.points;
  }

  private placeCyclic(nodes: Int32Array, componentOf: Int32Array, component: number): void {
    const isCyclicNode = (node: number): boolean => componentOf[node] === component;
    for (let round = 0; round < 2; round += 1) {
      for (const node of nodes) if (node < this.functionCount) this.place(node, isCyclicNode, round === 0);
      for (const node of nodes) if (node >= this.functionCount) this.place(node, undefined);
    }
  }

  private place(node: number, isCyclicNode: ((node: number) => boolean) | undefined, isOutline = false): void {
    if (node >= this.functionCount) {
      this.settleSignature(node);
      return;
    }
    const { bytes, events, starts } = this.code;
    const start = starts[node] ?? 0;
    const end = starts[node + 1] ?? 0;
    const checkAt = isCyclicNode === undefined ? undefined : findCyclicCheck(events, start, end, (event) => isCyclicNode(this.calledBy(event)));
    const { points, unpaid, untilPaid, lost } = placeChecks(
      events,
      { bytes, start, end, cyclicCheckAt: checkAt, isOutline },
      this.calleeCosts(isCyclicNode),
    );
    this.points[node] = points;
    this.unpaid[node] = unpaid;
    this.untilPaid[node] = untilPaid;
    this.lost[node] = lost;
  }

  /** A call through a table costs what the dearest of the functions costs that it can reach. */
  private settleSignature(node: number): void {
    const { signatures, isReferenced } = this.code;
    const signature = node - this.functionCount;
    let unpaid = 0;
    let untilPaid = 0;
    // An import may be among them, and throw.
    let lost = 0;
    for (const index of this.referencedOf(signature, signatures, isReferenced)) {
      unpaid = Math.max(unpaid, this.unpaid[index] ?? 0);
      untilPaid = Math.max(untilPaid, this.untilPaid[index] ?? 0);
      lost = Math.max(lost, this.lost[index] ?? 0);
    }
    this.unpaid[node] = unpaid;
    this.untilPaid[node] = untilPaid;
    this.lost[node] = lost;
  }

  private bySignature: Map<number, number[]> | undefined;

  private referencedOf(signature: number, signatures: Int32Array, isReferenced: Uint8Array): readonly number[] {
    if (this.bySignature === undefined) {
      this.bySignature = new Map();
      for (let index = 0; index < this.functionCount; index += 1) {
        if (isReferenced[index] !== 1) continue;
        const key = signatures[index] ?? 0;
        const functions = this.bySignature.get(key) ?? [];
        functions.push(index);
        this.bySignature.set(key, functions);
      }
    }
    return this.bySignature.get(signature) ?? [];
  }

  private calleeCosts(isCyclicNode: ((node: number) => boolean) | undefined): CalleeCosts {
    const { importedFunctions } = this.code;
    const nodeOfType = (typeIndex: number): number => this.functionCount + this.code.signatureOfType(typeIndex);
    return {
      unpaid: (index) => (index < importedFunctions ? importCallCost - callCost : (this.unpaid[index - importedFunctions] ?? 0)),
      untilPaid: (index) => (index < importedFunctions ? importCallCost : (this.untilPaid[index - importedFunctions] ?? 0)),
      lost: (index) => (index < importedFunctions ? 0 : (this.lost[index - importedFunctions] ?? 0)),
      unpaidOfType: (typeIndex) => this.unpaid[nodeOfType(typeIndex)] ?? 0,
      untilPaidOfType: (typeIndex) => this.untilPaid[nodeOfType(typeIndex)] ?? 0,
      lostOfType: (typeIndex) => this.lost[nodeOfType(typeIndex)] ?? 0,
      isCyclic: (index) => index >= importedFunctions && isCyclicNode?.(index - importedFunctions) === true,
      isCyclicOfType: (typeIndex) => isCyclicNode?.(nodeOfType(typeIndex)) === true,
    };
  }

  /** The node that an event calls, or -1. */
  private calledBy(event: number): number {
    const { events, importedFunctions, signatureOfType } = this.code;
    const kind = events.numbers[event];
    const argument = events.numbers[event + 3] ?? 0;
    if (kind === eventKinds.call) return argument - importedFunctions;
    if (kind === eventKinds.callIndirect) return this.functionCount + signatureOfType(argument);
    return -1;
  }

  private callGraph(): ReturnType<CallGraphBuilder['build']> {
    const { starts, signatureCount, signatures, isReferenced } = this.code;
    const { numbers } = this.code.events;
    const builder = new CallGraphBuilder(this.functionCount + signatureCount);
    for (let index = 0; index < this.functionCount; index += 1) {
      const end = starts[index + 1] ?? 0;
      for (let event = starts[index] ?? 0; event < end; event += eventWidth) {
        const kind = numbers[event];
        if (kind !== eventKinds.call && kind !== eventKinds.callIndirect) continue;
        const called = this.calledBy(event);
        if (called >= 0) builder.addEdge(called);
      }
      builder.endNode();
    }
    for (let signature = 0; signature < signatureCount; signature += 1) {
      for (const index of this.referencedOf(signature, signatures, isReferenced)) builder.addEdge(index);
      builder.endNode();
    }
    return builder.build();
  }
}

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CallGraph, CallGraphBuilder, findComponents } from './call-graph.js';

function graphOf(callees: readonly (readonly number[])[]): CallGraph {
  const builder = new CallGraphBuilder(callees.length);
  for (const targets of callees) {
    for (const target of targets) builder.addEdge(target);
    builder.endNode();
  }
  return builder.build();
}

/** Which nodes each node can reach by one call or more. */
function reachable(callees: readonly (readonly number[])[]): ReadonlySet<number>[] {
  return callees.map((direct) => {
    const seen = new Set<number>();
    const open = [...direct];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      open.push(...(callees[node] ?? []));
    }
    return seen;
  });
}

const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((count) => fc.array(fc.array(fc.nat({ max: count - 1 }), { maxLength: 4 }), { minLength: count, maxLength: count }));

describe('findComponents', () => {
  it('puts together what can call each other, and callees before their callers', () => {
    fc.assert(
      fc.property(graphs, (callees) => {
        const { order, componentOf, isCyclic } = findComponents(graphOf(callees));
        const reach = reachable(callees);
        const position = new Map([...order].map((node, index) => [node, index]));
        for (const [a, fromA] of reach.entries()) {
          expect(isCyclic[componentOf[a] ?? -1] === 1).toBe(fromA.has(a));
          for (const [b, fromB] of reach.entries()) {
            if (a === b) continue;
            const together = fromA.has(b) && fromB.has(a);
            expect(componentOf[a] === componentOf[b]).toBe(together);
            if (fromA.has(b) && !together) expect(position.get(b)).toBeLessThan(position.get(a) ?? -1);
          }
        }
      }),
    );
  });

  it('follows a chain of calls as long as a module may have', () => {
    const length = 200_000;
    const { order } = findComponents(graphOf(Array.from({ length }, (_, node) => (node + 1 < length ? [node + 1] : []))));
    expect([order[0], order[length - 1]]).toEqual([length - 1, 0]);
  });
});

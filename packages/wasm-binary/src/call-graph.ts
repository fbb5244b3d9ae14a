/**
 * Who may call whom in a module.
 *
 * Nodes are the module's own functions and then, for calls through a table, one node per function type: whoever calls
 * through a table calls the node of the type, and the node calls every function of that type whose reference is taken
 * anywhere. V8 compares the types at such a call, so no other function can be reached.
 */
export interface CallGraph {
  readonly nodeCount: number;
  /** The callees of node `n` are `targets[starts[n]]` up to `targets[starts[n + 1]]`. */
  readonly starts: Int32Array;
  readonly targets: Int32Array;
}

export interface Components {
  /** Nodes, callees before their callers; nodes that call each other stand together. */
  readonly order: Int32Array;
  /** The component of each node. Two nodes of one component can each reach the other. */
  readonly componentOf: Int32Array;
  /** 1 for each component in which something can call itself. */
  readonly isCyclic: Uint8Array;
}

/** Lists edges of a node after the other, in the nodes' order. */
export class CallGraphBuilder {
  private readonly starts: Int32Array;
  private targets = new Int32Array(1024);
  private length = 0;
  private node = 0;

  constructor(nodeCount: number) {
    this.starts = new Int32Array(nodeCount + 1);
  }

  addEdge(target: number): void {
    if (this.length === this.targets.length) {
      const grown = new Int32Array(this.targets.length * 2);
      grown.set(this.targets);
      this.targets = grown;
    }
    this.targets[this.length] = target;
    this.length += 1;
  }

  endNode(): void {
    this.node += 1;
    this.starts[this.node] = this.length;
  }

  build(): CallGraph {
    return { nodeCount: this.starts.length - 1, starts: this.starts, targets: this.targets };
  }
}

/** Tarjan's strongly connected components (SIAM J. Comput. 1, 1972), without recursion: a module may call 200,000 deep. */
export function findComponents({ nodeCount, starts, targets }: CallGraph): Components {
  const order = new Int32Array(nodeCount);
  const componentOf = new Int32Array(nodeCount).fill(-1);
  const isCyclic = new Uint8Array(nodeCount);
  const visitedAs = new Int32Array(nodeCount).fill(-1);
  const lowest = new Int32Array(nodeCount);
  const nextEdge = Int32Array.from(starts.subarray(0, nodeCount));
  const open = new Int32Array(nodeCount);
  const path = new Int32Array(nodeCount);
  let openLength = 0;
  let pathLength = 0;
  let visited = 0;
  let ordered = 0;
  let components = 0;

  const enter = (node: number): void => {
    visitedAs[node] = visited;
    lowest[node] = visited;
    visited += 1;
    open[openLength] = node;
    openLength += 1;
    path[pathLength] = node;
    pathLength += 1;
  };

  const closeComponent = (root: number): void => {
    const first = ordered;
    let node: number;
    do {
      openLength -= 1;
      node = open[openLength] ?? root;
      componentOf[node] = components;
      order[ordered] = node;
      ordered += 1;
    } while (node !== root);
    if (ordered - first > 1) isCyclic[components] = 1;
    components += 1;
  };

  for (let root = 0; root < nodeCount; root += 1) {
    if (visitedAs[root] !== -1) continue;
    enter(root);
    while (pathLength > 0) {
      const node = path[pathLength - 1] ?? 0;
      const edge = nextEdge[node] ?? 0;
      if (edge < (starts[node + 1] ?? 0)) {
        nextEdge[node] = edge + 1;
        const target = targets[edge] ?? 0;
        if (visitedAs[target] === -1) enter(target);
        else if (componentOf[target] === -1) lowest[node] = Math.min(lowest[node] ?? 0, visitedAs[target] ?? 0);
        continue;
      }
      pathLength -= 1;
      const caller = path[pathLength - 1];
      if (pathLength > 0 && caller !== undefined) lowest[caller] = Math.min(lowest[caller] ?? 0, lowest[node] ?? 0);
      if (lowest[node] === visitedAs[node]) closeComponent(node);
    }
  }
  markSelfCalls({ nodeCount, starts, targets }, componentOf, isCyclic);
  return { order, componentOf, isCyclic };
}

function markSelfCalls({ nodeCount, starts, targets }: CallGraph, componentOf: Int32Array, isCyclic: Uint8Array): void {
  for (let node = 0; node < nodeCount; node += 1) {
    const end = starts[node + 1] ?? 0;
    for (let edge = starts[node] ?? 0; edge < end; edge += 1) {
      if (targets[edge] === node) isCyclic[componentOf[node] ?? 0] = 1;
    }
  }
}

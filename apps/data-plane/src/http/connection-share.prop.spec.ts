import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConnectionShare } from './connection-share.js';

/** Threads, and clients that keep their connections; a connection that is closed goes to a thread by chance. */
class Node {
  readonly shares: ConnectionShare[];
  readonly placeOf: number[];
  moves = 0;
  private readonly loads: number[];
  private sockets: Socket[];

  constructor(
    threads: number,
    places: readonly number[],
    private readonly random: () => number,
  ) {
    this.loads = Array.from({ length: threads }, () => 0);
    this.placeOf = [...places];
    this.sockets = places.map(() => new Socket());
    this.shares = this.loads.map(
      (_, index) =>
        new ConnectionShare({
          publish: (connections) => (this.loads[index] = connections),
          loads: () => this.loads,
        }),
    );
  }

  /** Each client sends some requests, then the window ends. */
  window(): void {
    for (let request = 0; request < 3; request += 1) {
      for (const [client, place] of this.placeOf.entries()) {
        if (this.shares[place]?.handsOn(this.sockets[client] ?? new Socket(), true) !== true) continue;
        this.moves += 1;
        this.sockets[client] = new Socket();
        this.placeOf[client] = Math.floor(this.random() * this.shares.length);
      }
    }
    for (const share of this.shares) share.turn();
  }

  get busiestOverMean(): number {
    const counts = this.shares.map((_, index) => this.placeOf.filter((place) => place === index).length);
    return Math.max(...counts) / (this.placeOf.length / this.shares.length);
  }
}

describe('ConnectionShare', () => {
  it('evens out 16 connections over 4 threads from wherever they are, within a minute', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 16, maxLength: 16 }), fc.integer(), (places, seed): void => {
        const node = new Node(4, places, randomFrom(seed));
        let windows = 0;
        while (windows < 120 && !isCalm(node)) windows += calmWindows;
        expect(node.busiestOverMean).toBeLessThanOrEqual(1.5);
      }),
    );
  });

  it('moves nothing among threads that are nearly even', () => {
    const node = new Node(4, [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3], Math.random);
    for (let window = 0; window < 20; window += 1) node.window();
    expect(node.moves).toBe(0);
  });

  it('moves no more than the surplus in one window', () => {
    const node = new Node(
      4,
      Array.from({ length: 16 }, () => 0),
      () => 0,
    ); // by chance always back to the same
    for (let window = 0; window < 10; window += 1) node.window();
    expect(node.moves).toBeLessThanOrEqual(5 * 12); // every second window
    expect(node.moves).toBeGreaterThan(0);
  });

  it('moves nothing on a node with one thread, nor a connection that would not come back', () => {
    const alone = new Node(
      1,
      Array.from({ length: 16 }, () => 0),
      Math.random,
    );
    for (let window = 0; window < 5; window += 1) alone.window();
    expect(alone.moves).toBe(0);
    let load = 0;
    const share = new ConnectionShare({ publish: (connections) => (load = connections), loads: () => [load, 0, 0] });
    const sockets = Array.from({ length: 12 }, () => new Socket());
    for (let window = 0; window < 3; window += 1) {
      for (const socket of sockets) expect(share.handsOn(socket, false)).toBe(false);
      share.turn();
    }
  });
});

/** So many windows without a move, and nothing will move any more. */
const calmWindows = 4;

function isCalm(node: Node): boolean {
  const before = node.moves;
  for (let window = 0; window < calmWindows; window += 1) node.window();
  return node.moves === before;
}

/** Numbers from 0 to 1 that look like chance, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

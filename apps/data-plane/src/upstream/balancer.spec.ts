import { describe, expect, it } from '@jest/globals';
import type { Balancing } from '@torii/contracts';
import fc from 'fast-check';
import { type Balanced, balancerOf, textHash } from './balancer.js';

interface Server extends Balanced {
  readonly name: string;
  inFlight: number;
}

const server = (name: string, weight = 1, inFlight = 0): Server => ({ name, weight, inFlight, seed: textHash(name), turn: 0 });
const servers = (...weights: number[]): Server[] => weights.map((weight, index) => server(`http://s${index}`, weight));
const noKey = (): undefined => undefined;

function share(balancing: Balancing, of: readonly Server[], times: number, key: (time: number) => string | undefined = noKey): number[] {
  const balancer = balancerOf(balancing);
  const counts = of.map(() => 0);
  for (let time = 0; time < times; time += 1) {
    const index = of.indexOf(balancer(of, () => key(time)));
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

describe('balancerOf', () => {
  it('round_robin gives each its exact share, and spreads the turns of a heavy one out', () => {
    expect(share({ type: 'round_robin' }, servers(5, 1, 1), 70)).toEqual([50, 10, 10]);
    const three = servers(5, 1, 1);
    const balancer = balancerOf({ type: 'round_robin' });
    expect(Array.from({ length: 7 }, () => three.indexOf(balancer(three, noKey)))).toEqual([0, 0, 1, 0, 2, 0, 0]);
  });

  it('round_robin is fair to whatever weights there are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        expect(share({ type: 'round_robin' }, servers(...weights), 3 * total)).toEqual(weights.map((weight) => 3 * weight));
      }),
    );
  });

  it('random gives each about its share', () => {
    const [heavy = 0, light = 0] = share({ type: 'random' }, servers(3, 1), 8_000);
    expect(heavy / light).toBeGreaterThan(2.5);
    expect(heavy / light).toBeLessThan(3.6);
  });

  it('least_connections takes the one with the fewest requests for its weight', () => {
    const balancer = balancerOf({ type: 'least_connections' });
    const [a, b, c] = [server('a', 1, 1), server('b', 1, 0), server('c', 1, 2)];
    expect(balancer([a, b, c], noKey)).toBe(b);
    expect(balancer([server('a', 1, 1), server('d', 4, 2)], noKey).name).toBe('d');
  });

  it('power_of_two never takes the busiest of three', () => {
    const busy = server('busy', 1, 9);
    const balancer = balancerOf({ type: 'power_of_two' });
    for (let time = 0; time < 200; time += 1) expect(balancer([busy, server('a'), server('b', 1, 1)], noKey)).not.toBe(busy);
    expect(balancer([busy], noKey)).toBe(busy);
  });

  it.each<Balancing>([{ type: 'header_hash', name: 'x' }, { type: 'ip_hash' }])('$type shares keys out by weight', (balancing) => {
    const [heavy = 0, light = 0] = share(balancing, servers(3, 1), 8_000, (time) => `key-${time}`);
    expect(heavy / light).toBeGreaterThan(2.5);
    expect(heavy / light).toBeLessThan(3.6);
  });

  it('hashes move no keys but those of a target that goes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 9 }), fc.string(), fc.nat(), (weights, key, chosen) => {
        const balancer = balancerOf({ type: 'ip_hash' });
        const all = servers(...weights);
        const gone = all[chosen % all.length];
        const before = balancer(all, () => key);
        const after = balancer(
          all.filter((one) => one !== gone),
          () => key,
        );
        if (before !== gone) expect(after).toBe(before);
      }),
    );
  });

  it('hashes give requests without the header to all in turn', () => {
    expect(share({ type: 'header_hash', name: 'x' }, servers(1, 1), 10)).toEqual([5, 5]);
  });
});

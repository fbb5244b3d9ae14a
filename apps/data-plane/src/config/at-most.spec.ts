import { describe, expect, it } from '@jest/globals';
import { AtMost } from './at-most.js';

describe('AtMost', () => {
  it('never does more at once than it may, does everything in the end, and gives the place of what failed to the next', async () => {
    const places = new AtMost(3);
    let running = 0;
    let most = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        places.run(async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          if (index % 4 === 0) throw new Error('failed');
          return index;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(15);
    expect(await places.run(async () => 'after')).toBe('after');
  });
});

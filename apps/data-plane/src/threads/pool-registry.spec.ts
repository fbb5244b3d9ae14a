import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@torii/service-kit';
import { PoolRegistry } from './pool-registry.js';

class Pool {
  isClosed = false;

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  confine(): void {}
}

function aRegistry() {
  const watched = new Set<Pool>();
  const log = createLogger({ level: 'fatal', app: 'test' });
  const watch = (pool: Pool) => {
    watched.add(pool);
    return () => watched.delete(pool);
  };
  return { registry: new PoolRegistry<Pool>({ watch, log }), watched };
}

describe('PoolRegistry', () => {
  it('opens one pool for all that ask for it while it is opened, and closes it when the last of them has done', async () => {
    const { registry, watched } = aRegistry();
    const opened: Pool[] = [];
    const open = async (): Promise<Pool> => {
      await Promise.resolve();
      const pool = new Pool();
      opened.push(pool);
      return pool;
    };
    const [one, other] = await Promise.all([registry.retain('a', 1, open), registry.retain('a', 1, open)]);
    expect(opened).toEqual([one]);
    expect(other).toBe(one);
    registry.release('a');
    expect(one?.isClosed).toBe(false);
    registry.release('a');
    expect(one?.isClosed).toBe(true);
    await new Promise(setImmediate);
    expect(watched.size).toBe(0);
  });

  it('tells all who wait that a pool cannot be opened, and tries again for who asks later', async () => {
    const { registry } = aRegistry();
    const fail = (): Promise<Pool> => Promise.reject(new Error('no'));
    const results = await Promise.allSettled([registry.retain('a', 1, fail), registry.retain('a', 1, fail)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const pool = await registry.retain('a', 1, () => Promise.resolve(new Pool()));
    registry.release('a');
    expect(pool.isClosed).toBe(true);
  });
});

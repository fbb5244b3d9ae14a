import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { hostileGuest } from '@torii/test-kit';
import { loadGuest } from '../test/a-function.js';
import { GuestGarbage } from './guest-garbage.js';

const MiB = 1024 * 1024;

it('asks for a collection each time so many bytes were left behind, once and not at once', async () => {
  let collections = 0;
  const collect = (): void => {
    collections += 1;
  };
  const garbage = new GuestGarbage({ maxBytes: 10 * MiB, quietMs: 60_000, collect });
  for (let left = 9; left > 0; left -= 1) garbage.add(MiB);
  await nextTurn();
  expect(collections).toBe(0);
  for (let left = 9; left > 0; left -= 1) garbage.add(MiB);
  expect(collections).toBe(0);
  await nextTurn();
  expect(collections).toBe(1);
  garbage.add(MiB);
  await nextTurn();
  expect(collections).toBe(1);
});

it('asks for one more when it has become quiet, unless hardly anything was left behind', async () => {
  const quiet = new Promise<void>((collect) => {
    new GuestGarbage({ maxBytes: 10 * MiB, quietMs: 1, collect }).add(3 * MiB);
  });
  let collections = 0;
  const collect = (): void => {
    collections += 1;
  };
  new GuestGarbage({ maxBytes: 10 * MiB, quietMs: 1, collect }).add(MiB);
  const keepAlive = setTimeout(() => undefined, 60_000);
  await quiet;
  clearTimeout(keepAlive);
  await nextTurn();
  expect(collections).toBe(0);
});

it('gets the memory of large guests back while they come and go', async () => {
  const limits = { memoryMaxBytes: 64 * MiB, instanceKeptMaxBytes: MiB };
  const { call, close, pool } = await loadGuest(await hostileGuest('memory-bombs'), { functionName: 'growAndAnswer', limits });
  await call();
  const before = process.memoryUsage().rss;
  let highest = before;
  // Together 960 MiB.
  for (let left = 15; left > 0; left -= 1) {
    await call();
    highest = Math.max(highest, process.memoryUsage().rss);
  }
  expect(pool.stats.evicted).toBe(16);
  expect(highest - before).toBeLessThan(512 * MiB);
  await close();
});

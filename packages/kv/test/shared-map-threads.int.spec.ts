import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { nodeClock } from '../src/shared-map/node-clock.js';
import { SharedMapTable } from '../src/shared-map/shared-map-table.js';
import { partsOf } from '../src/shared-map/table-parts.js';
import type { HammerWork } from './hammer.worker.js';
import { auditTable } from './table-audit.js';

const MiB = 1024 * 1024;
const entry = new URL('./hammer.worker.ts', import.meta.url);

function aTable(): SharedMapTable {
  const table = SharedMapTable.create(32 * MiB);
  table.open('map', { maxBytes: 24 * MiB, maxKeys: 100_000, policy: 'refuse' });
  return table;
}

interface Hammer {
  readonly worker: Worker;
  readonly working: Promise<void>;
  /** Rejects with what the thread threw. */
  readonly ended: Promise<void>;
}

function hammer(work: HammerWork): Hammer {
  const worker = new Worker(entry, { workerData: work, execArgv: ['--disable-warning=ExperimentalWarning'] });
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
  return { worker, working: new Promise((resolve) => worker.once('message', () => resolve())), ended };
}

function audit(table: SharedMapTable): void {
  auditTable(partsOf(table.buffer, 300, nodeClock));
}

describe('a table with several threads at once', () => {
  it('loses no sum', async () => {
    const table = aTable();
    const rounds = 20_000;
    await Promise.all([0, 1, 2].map((threadIndex) => hammer({ buffer: table.buffer, threadIndex, kind: 'add', rounds }).ended));
    const store = table.map('map');
    const sums = Array.from({ length: 7 }, (_, index) => Number(store.incrementBy(`sum${index}`, 0n)));
    expect(sums.reduce((total, sum) => total + sum, 0)).toBe(3 * rounds);
    audit(table);
  });

  it('lets exactly one of those through that swap the same value', async () => {
    const table = aTable();
    const rounds = 5_000;
    await Promise.all([0, 1, 2].map((threadIndex) => hammer({ buffer: table.buffer, threadIndex, kind: 'swap', rounds }).ended));
    expect(Buffer.from(table.map('map').get('swapped') ?? '').toString()).toBe(String(3 * rounds));
    audit(table);
  });

  it('never shows a part of a value, small or large, and leaks nothing', async () => {
    const table = aTable();
    const work = [0, 1, 2, 3].map((threadIndex) =>
      hammer({ buffer: table.buffer, threadIndex, kind: threadIndex < 2 ? 'large' : 'churn', rounds: threadIndex < 2 ? 600 : 20_000 }),
    );
    await Promise.all(work.map(({ ended }) => ended));
    audit(table);
  });

  it('goes on, unharmed, when threads are ended in the middle of whatever they do', async () => {
    const table = aTable();
    const steady = hammer({ buffer: table.buffer, threadIndex: 10, kind: 'add', rounds: 150_000 });
    const kinds = ['churn', 'large', 'swap', 'add', 'churn', 'large'] as const;
    for (const [threadIndex, kind] of kinds.entries()) {
      const doomed = hammer({ buffer: table.buffer, threadIndex, kind, rounds: 100_000_000 });
      await doomed.working;
      await doomed.worker.terminate();
      table.recover(threadIndex);
    }
    await steady.ended;
    audit(table);
    const store = table.map('map');
    expect(store.set('after', Uint8Array.of(1))).toBeUndefined();
    const sums = Array.from({ length: 7 }, (_, index) => Number(store.incrementBy(`sum${index}`, 0n)));
    expect(sums.reduce((total, sum) => total + sum, 0)).toBeGreaterThanOrEqual(150_000);
  });
});

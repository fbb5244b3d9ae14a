import { describe, expect, it, jest } from '@jest/globals';
import type { TailEvent, TailRecord } from '@torii/contracts';
import { TailQueue } from './tail-queue.js';

const aRecord = (n: number): TailRecord => ({
  time: '2026-01-31T12:00:00.000Z',
  nodeId: 'nd_0' as TailRecord['nodeId'],
  requestId: String(n),
  method: 'GET',
  host: 'h',
  path: '/',
  status: 200,
  durationMs: 1,
});
const records = (count: number): TailRecord[] => Array.from({ length: count }, (_, n) => aRecord(n));

/** Follows a queue and keeps what it says. */
function aFollowed(ratePerSecond = 10_000) {
  let nowMs = 0;
  const queue = new TailQueue({ ratePerSecond, clock: { nowMs: () => nowMs, date: () => new Date(0) } });
  const gone = new AbortController();
  const said: TailEvent[] = [];
  const read = async (): Promise<void> => {
    for await (const event of queue.events(gone.signal)) said.push(event);
  };
  return {
    queue,
    said,
    gone,
    read,
    later: (ms: number) => {
      nowMs += ms;
    },
  };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('TailQueue', () => {
  it('tells records in their order, those that waited and those that come', async () => {
    const { queue, said, gone, read } = aFollowed();
    queue.push([aRecord(1), aRecord(2)], 0);
    const reading = read();
    await turns();
    queue.push([aRecord(3)], 0);
    await turns();
    gone.abort();
    await reading;
    expect(said).toEqual([1, 2, 3].map((n) => ({ ...aRecord(n), type: 'request' })));
  });

  it('keeps a thousand for a client that takes nothing, and says how many it left out', async () => {
    const { queue, said, gone, read } = aFollowed();
    queue.push(records(1_500), 7);
    const reading = read();
    await turns();
    gone.abort();
    await reading;
    expect(said[0]).toEqual({ type: 'dropped', count: 507 });
    expect(said).toHaveLength(1_001);
  });

  it('lets no more through than the follower takes in a second', async () => {
    const { queue, said, gone, read, later } = aFollowed(5);
    const reading = read();
    queue.push(records(20), 0);
    later(1_000);
    queue.push(records(20), 0);
    await turns();
    gone.abort();
    await reading;
    expect(said.filter(({ type }) => type === 'request')).toHaveLength(10);
    expect(said.filter(({ type }) => type === 'dropped')).toEqual([{ type: 'dropped', count: 30 }]);
  });

  it('says what was left out once a second, although no request comes any more', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { queue, said, gone, read, later } = aFollowed();
    const reading = read();
    queue.push([], 1);
    await turns();
    queue.push([], 2);
    await turns();
    expect(said).toEqual([{ type: 'dropped', count: 1 }]);
    later(1_000);
    jest.advanceTimersByTime(1_000);
    await turns();
    expect(said).toEqual([
      { type: 'dropped', count: 1 },
      { type: 'dropped', count: 2 },
    ]);
    gone.abort();
    await reading;
    jest.useRealTimers();
  });

  it('tells the newest state first, and not one that has lost its meaning', async () => {
    const { queue, said, gone, read } = aFollowed();
    queue.push([aRecord(1)], 0);
    queue.say({ type: 'state', state: 'interrupted', detail: 'away' });
    queue.say({ type: 'state', state: 'following', nodes: 2 });
    const reading = read();
    await turns();
    gone.abort();
    await reading;
    expect(said.map(({ type }) => type)).toEqual(['state', 'request']);
    expect(said[0]).toEqual({ type: 'state', state: 'following', nodes: 2 });
  });
});

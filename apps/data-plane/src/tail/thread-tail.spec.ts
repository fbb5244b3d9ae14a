import { describe, expect, it, jest } from '@jest/globals';
import { tailLimits } from '@torii/contracts';
import type { TailedRequest, TailedTrace } from './tailed-request.js';
import { ThreadTail, type ThreadTailBatch } from './thread-tail.js';

const aTrace: TailedTrace = { routeName: 'r', pluginName: undefined, pluginVersion: undefined, calls: [] };
const aRequest = (path: string): TailedRequest => ({ requestId: 'rq', method: 'GET', host: 'h', path, status: 200, error: undefined });

function aTail(recordsPerSecond = 100) {
  jest.useFakeTimers();
  const sent: ThreadTailBatch[] = [];
  const clock = { nowMs: () => performance.now(), date: () => new Date('2026-01-31T12:00:00Z') };
  const tail = new ThreadTail({ nodeId: 'nd_1', nodeName: 'front', recordsPerSecond, clock, send: (batches) => sent.push(...batches) });
  let asked = 0;
  return {
    tail,
    sent,
    asked: () => asked,
    offer: (path: string) =>
      tail.offer(aRequest(path), aTrace, () => {
        asked += 1;
        return { path };
      }),
    wait: (ms: number) => jest.advanceTimersByTime(ms),
  };
}

describe('ThreadTail', () => {
  it('says that nobody follows until somebody does, and again when the last has gone', () => {
    const { tail } = aTail();
    expect(tail.isFollowed).toBe(false);
    tail.follow([{ follower: 'a', filter: {} }]);
    expect(tail.isFollowed).toBe(true);
    tail.follow([]);
    expect(tail.isFollowed).toBe(false);
  });

  it('tells each follower what it wants, together, with the time and the node', () => {
    const { tail, sent, offer, wait, asked } = aTail();
    tail.follow([
      { follower: 'all', filter: {} },
      { follower: 'some', filter: { text: '/b' } },
      { follower: 'none', filter: { text: '/c' } },
    ]);
    offer('/a');
    offer('/b');
    expect(sent).toEqual([]);
    wait(100);
    const recordOf = (path: string) => ({ time: '2026-01-31T12:00:00.000Z', nodeId: 'nd_1', nodeName: 'front', path });
    expect(sent).toEqual([
      { follower: 'all', records: [recordOf('/a'), recordOf('/b')], dropped: 0 },
      { follower: 'some', records: [recordOf('/b')], dropped: 0 },
    ]);
    expect(asked()).toBe(2); // once for each request, however many want it
    wait(1_000);
    expect(sent).toHaveLength(2);
  });

  it('tells nothing to who wants the requests of another node, by id or by name', () => {
    const { tail, sent, offer, wait } = aTail();
    tail.follow(['nd_1', 'front', 'nd_2', 'back'].map((node) => ({ follower: node, filter: { node } })));
    offer('/a');
    wait(100);
    expect(sent.map(({ follower }) => follower)).toEqual(['nd_1', 'front']);
    tail.follow([{ follower: 'back', filter: { node: 'back' } }]);
    expect(tail.isFollowed).toBe(false);
  });

  it('counts what is beyond its bound instead of sending it, and says so although there is nothing else to say', () => {
    const { tail, sent, offer, wait } = aTail(3);
    tail.follow([{ follower: 'a', filter: {} }]);
    for (let request = 0; request < 10; request += 1) offer('/a');
    wait(100);
    offer('/a');
    wait(100);
    expect(sent.map(({ records, dropped }) => [records.length, dropped])).toEqual([
      [3, 7],
      [0, 1],
    ]);
  });

  it('gives each follower its share, however much another one wants', () => {
    const { tail, sent, offer, wait } = aTail(10);
    tail.follow([
      { follower: 'greedy', filter: {} },
      { follower: 'modest', filter: { text: '/error' } },
    ]);
    for (let request = 0; request < 50; request += 1) offer('/a');
    offer('/error');
    wait(100);
    expect(sent.map(({ follower, records, dropped }) => [follower, records.length, dropped])).toEqual([
      ['greedy', 5, 46],
      ['modest', 1, 0],
    ]);
  });

  it('keeps what waits for a follower when another one comes', () => {
    const { tail, sent, offer, wait } = aTail();
    tail.follow([{ follower: 'a', filter: {} }]);
    offer('/a');
    tail.follow([
      { follower: 'a', filter: {} },
      { follower: 'b', filter: {} },
    ]);
    wait(100);
    expect(sent.map(({ follower }) => follower)).toEqual(['a']);
  });

  it('gives a follower no more because others come and go', () => {
    const { tail, sent, offer, wait } = aTail(10);
    const [steady, guest] = [
      { follower: 'steady', filter: {} },
      { follower: 'guest', filter: { text: '/never' } },
    ];
    tail.follow([steady]);
    for (let change = 0; change < 20; change += 1) {
      for (let request = 0; request < 10; request += 1) offer('/a');
      tail.follow(change % 2 === 0 ? [steady, guest] : [steady]);
    }
    wait(100);
    expect(sent.map(({ records, dropped }) => [records.length, dropped])).toEqual([[10, 190]]);
  });

  it('takes about the share that a follower wants', () => {
    const { tail, sent, offer, wait } = aTail(1_000_000);
    tail.follow([{ follower: 'a', filter: { sample: 0.5 } }]);
    for (let request = 0; request < 1_000; request += 1) offer('/a');
    wait(100);
    const [batch] = sent;
    // Ten standard deviations to either side.
    expect(batch?.records.length).toBeGreaterThan(340);
    expect(batch?.records.length).toBeLessThan(660);
    expect(batch?.dropped).toBe(0);
  });

  it('cuts texts that are too long', () => {
    const { tail, sent, offer, wait } = aTail();
    tail.follow([{ follower: 'a', filter: {} }]);
    offer(`/${'x'.repeat(10_000)}`);
    wait(100);
    expect(String(sent[0]?.records[0]?.path)).toHaveLength(tailLimits.fieldMaxLength);
  });
});

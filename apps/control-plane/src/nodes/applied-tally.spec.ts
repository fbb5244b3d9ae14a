import { describe, expect, it } from '@jest/globals';
import type { NodeStatus } from '@torii/contracts';
import { appliedHeaders, tallyNodes } from './applied-tally.js';

const incarnation = '00000000-0000-4000-8000-000000000001';
const all = { kind: 'percent', percent: 100 } as const;

function aNode(id: string, active: number | undefined, rejected?: number): NodeStatus {
  return {
    id: id as NodeStatus['id'],
    version: '0',
    internalUrl: 'http://127.0.0.1:1',
    proxyPort: 1,
    dataThreads: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    heartbeatAt: '2026-01-01T00:00:00.000Z',
    active: active === undefined ? null : { incarnation, revision: active, hash: 'a'.repeat(64) },
    rejected: rejected === undefined ? null : { incarnation, revision: rejected, code: 'config.compile_failed', detail: '' },
  };
}

const tally = (nodes: NodeStatus[], quorum: Parameters<typeof tallyNodes>[2] = all) => tallyNodes(nodes, { incarnation, revision: 5 }, quorum);

describe('tallyNodes', () => {
  it('is done when every live node serves the revision, or a later one', () => {
    expect(tally([aNode('a', 5), aNode('b', 7)])).toMatchObject({ applied: 2, live: 2, isDone: true });
    expect(tally([aNode('a', 5), aNode('b', 4)])).toMatchObject({ applied: 1, pending: ['b'], isDone: false });
  });

  it('is done when nobody is there to wait for', () => {
    expect(tally([])).toMatchObject({ applied: 0, live: 0, isDone: true });
    expect(tally([], { kind: 'count', count: 1 })).toMatchObject({ isDone: false });
  });

  it('is done when enough nodes serve it', () => {
    expect(tally([aNode('a', 5), aNode('b', 4)], { kind: 'percent', percent: 50 })).toMatchObject({ isDone: true });
    expect(tally([aNode('a', 5), aNode('b', 4), aNode('c', 4)], { kind: 'percent', percent: 50 })).toMatchObject({ isDone: false });
    expect(tally([aNode('a', 5), aNode('b', 4)], { kind: 'count', count: 1 })).toMatchObject({ isDone: true });
  });

  it('is done when a node refuses it, and says why', () => {
    const refused = tally([aNode('a', 4, 5), aNode('b', 4)]);
    expect(refused).toMatchObject({ isDone: true, pending: ['b'] });
    expect(appliedHeaders(refused)).toEqual({
      'x-config-applied': '0/2',
      'x-config-pending': 'b',
      'x-config-rejected': 'a;code=config.compile_failed',
    });
  });

  it('does not count what a node refused before', () => {
    expect(tally([aNode('a', 3, 4)])).toMatchObject({ rejected: [], pending: ['a'], isDone: false });
    expect(tally([aNode('a', 6, 5)])).toMatchObject({ rejected: [], applied: 1 });
  });

  it('does not count a revision of another life of the database', () => {
    const other = { ...aNode('a', 9), active: { incarnation: '00000000-0000-4000-8000-000000000002', revision: 9, hash: 'a'.repeat(64) } };
    expect(tally([other])).toMatchObject({ applied: 0, isDone: false });
  });
});

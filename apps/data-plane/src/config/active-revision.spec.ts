import { describe, expect, it } from '@jest/globals';
import { RouteTable } from '../routing/route-table.js';
import { ActiveRevision, type BoundRoute, type Revision } from './active-revision.js';

function aRevision(number: number, disposed: number[]): Revision {
  return {
    number,
    routeTable: new RouteTable<BoundRoute>([]),
    routers: undefined,
    sinks: [],
    globalSlots: undefined,
    dispose: () => disposed.push(number),
  };
}

describe('ActiveRevision', () => {
  it('keeps a replaced revision alive until its last request is done, and disposes it once', () => {
    const disposed: number[] = [];
    const active = new ActiveRevision();
    expect(active.retain()).toBeUndefined();
    active.swap(aRevision(1, disposed));
    const first = active.retain();
    const second = active.retain();
    active.swap(aRevision(2, disposed));
    expect(active.retain()?.number).toBe(2);
    first?.release();
    expect(disposed).toEqual([]);
    second?.release();
    expect(disposed).toEqual([1]);
  });

  it('disposes a replaced revision at once when nothing uses it', () => {
    const disposed: number[] = [];
    const active = new ActiveRevision();
    active.swap(aRevision(1, disposed));
    active.swap(aRevision(2, disposed));
    expect(disposed).toEqual([1]);
    expect(active.retain()?.number).toBe(2);
  });
});

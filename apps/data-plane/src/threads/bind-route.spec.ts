import { describe, expect, it } from '@jest/globals';
import { SnapshotRoute } from '@torii/contracts';
import { Expressions } from '../routing/expressions.js';
import { bindRoute } from './bind-route.js';

const missing = 'pl_00000000-0000-7000-8000-000000000001';
const target = { kind: 'static', status: 200, headers: {}, body: '' };
const upstreamOf = (): never => {
  throw new Error('the route has no upstream');
};
const slot = { plugin: missing, version: 1, include: [], exclude: [], config: {}, onError: 'skip' };

describe('bindRoute', () => {
  it.each([
    ['target', { target: { kind: 'function', plugin: missing, version: 1 } }],
    ['slot', { target, plugins: [slot] }],
  ])('refuses a route whose %s is not in the configuration: another route, without its slots, would get its requests', (_, part) => {
    const facts = { id: 'rt_00000000-0000-7000-8000-000000000002', name: 'guarded', workspace: 'default', match: [], stripPath: true };
    const route = SnapshotRoute.parse({ ...facts, ...part });
    expect(() => bindRoute(route, 0, { plugins: new Map(), expressions: new Expressions(), globalSlots: undefined, upstreamOf })).toThrow(
      expect.objectContaining({ code: 'config.invalid_snapshot', message: expect.stringMatching(/guarded.*version 1/) }),
    );
  });
});

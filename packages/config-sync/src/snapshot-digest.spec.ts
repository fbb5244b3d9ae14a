import { describe, expect, it } from '@jest/globals';
import { aPlugin, aRoute, aSlot, aSnapshot, oneLife, otherLife } from '../test/a-snapshot.js';
import { openSnapshot, sealSnapshot, snapshotHash } from './snapshot-digest.js';

const snapshot = aSnapshot(7);
const { incarnation, revision, hash } = snapshot;
const announced = { incarnation, revision, hash };
const altered = (change: Record<string, unknown>) => JSON.stringify({ ...snapshot, ...change });

describe('snapshotHash', () => {
  it('does not depend on the order of entities, or of their fields', () => {
    const [a, b] = [aPlugin(), aPlugin({ version: 2 })];
    const route = aRoute();
    const turned = Object.fromEntries(Object.entries(route).reverse()) as typeof route;
    expect(snapshotHash({ plugins: [a, b], routes: [route] })).toBe(snapshotHash({ plugins: [b, a], routes: [turned] }));
  });

  it('changes with any entity that is added, changed or taken away', () => {
    const hashes = [
      snapshotHash({ plugins: [], routes: [] }),
      snapshotHash({ plugins: [aPlugin()], routes: [] }),
      snapshotHash({ plugins: [aPlugin()], routes: [aRoute()] }),
      snapshotHash({ plugins: [aPlugin({ wasi: true })], routes: [aRoute()] }),
      snapshotHash({ plugins: [aPlugin({ version: 2 })], routes: [aRoute()] }),
      snapshotHash({ plugins: [aPlugin()], routes: [aRoute({ stripPath: false })] }),
      snapshotHash({ plugins: [aPlugin()], routes: [aRoute()], globalPlugins: [aSlot()] }),
      snapshotHash({ plugins: [aPlugin()], routes: [aRoute()], globalPlugins: [aSlot(), aSlot({ onError: 'skip' })] }),
      snapshotHash({ plugins: [aPlugin()], routes: [aRoute()], globalPlugins: [aSlot({ onError: 'skip' }), aSlot()] }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('openSnapshot', () => {
  it('gives back what was sealed', () => {
    expect(openSnapshot(JSON.stringify(snapshot), announced)).toEqual(snapshot);
    const empty = sealSnapshot({ incarnation, revision: 0 }, { plugins: [], routes: [] });
    expect(openSnapshot(JSON.stringify(empty), { incarnation, revision: 0, hash: empty.hash }).routes).toEqual([]);
  });

  it('gives back the plugins of all routes in their order', () => {
    const globalPlugins = [aSlot(), aSlot({ onError: 'skip' })];
    const sealed = sealSnapshot({ incarnation, revision }, { plugins: [aPlugin()], routes: [], globalPlugins });
    expect(openSnapshot(JSON.stringify(sealed), sealed).globalPlugins).toEqual(globalPlugins);
  });

  it('refuses contents that do not have the announced hash', () => {
    expect(() => openSnapshot(altered({ routes: [] }), announced)).toThrow(expect.objectContaining({ code: 'config.digest_mismatch' }));
    const other = sealSnapshot({ incarnation, revision }, { plugins: [], routes: [] });
    expect(() => openSnapshot(JSON.stringify(other), announced)).toThrow(expect.objectContaining({ code: 'config.digest_mismatch' }));
  });

  it('refuses another revision or incarnation than the announced one', () => {
    expect(() => openSnapshot(altered({ revision: 8 }), announced)).toThrow(expect.objectContaining({ code: 'config.digest_mismatch' }));
    expect(() => openSnapshot(altered({ incarnation: otherLife }), announced)).toThrow(expect.objectContaining({ code: 'config.digest_mismatch' }));
    expect(incarnation).toBe(oneLife);
  });

  it('refuses what it does not understand, and says where', () => {
    const unreadable = [
      '',
      'null',
      '{',
      altered({ schemaVersion: 2 }),
      altered({ extra: true }),
      altered({ plugins: [{ ...aPlugin(), kind: 'job' }] }),
    ];
    for (const text of unreadable) {
      expect(() => openSnapshot(text, announced)).toThrow(expect.objectContaining({ code: 'config.invalid_snapshot' }));
    }
    expect(() => openSnapshot(altered({ schemaVersion: 2 }), announced)).toThrow(/^at \/schemaVersion: /);
  });
});

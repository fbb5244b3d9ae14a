import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startUpstream, type Upstream } from '@torii/test-kit';
import { TestNode } from './a-node.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { type RawUpstream, startRawUpstream } from './raw-http.js';

const intervalMs = 100;
/** For longer than any of these tests takes. */
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=60\r\n\r\nok';

describe('an upstream, from one configuration to the next', () => {
  const node = new TestNode();
  let raw: RawUpstream;
  let kept: Upstream;
  let removed: Upstream;

  beforeAll(async () => {
    raw = await startRawUpstream((socket) => {
      socket.once('end', () => socket.end());
      socket.write(answer);
    });
    kept = await startUpstream();
    removed = await startUpstream();
    await node.start();
  });
  afterAll(async () => {
    await node.stop();
    for (const upstream of [raw, kept, removed]) await upstream.close();
  });

  it('keeps its connections as long as a route goes to it, and no longer', async () => {
    const route = anUpstreamRoute('/raw', [raw.url]);
    const ask = async (): Promise<string> => (await fetch(`${node.proxyUrl}/raw`)).text();
    await node.apply([], [route]);
    expect(await ask()).toBe('ok');
    await node.apply([], [route, anUpstreamRoute('/other', [raw.url])]);
    expect(await ask()).toBe('ok');
    await node.apply([], [{ ...route, name: 'renamed' }]);
    expect(await ask()).toBe('ok');
    expect([raw.received.length, raw.open()]).toEqual([1, 1]);
    await node.apply([], []);
    await eventually(() => expect(raw.open()).toBe(0));
  });

  it('is not checked any more when no route goes to it', async () => {
    const target = { health: { active: { path: '/', intervalMs } } };
    const route = anUpstreamRoute('/kept', [kept.url], target);
    const checks = async (upstream: Upstream, times: number): Promise<void> => {
      const before = upstream.calls();
      await eventually(() => expect(upstream.calls()).toBeGreaterThanOrEqual(before + times));
    };
    await node.apply([], [route, anUpstreamRoute('/removed', [removed.url], target)]);
    await checks(removed, 2);
    await node.apply([], [route]);
    // One may be on its way.
    await checks(kept, 2);
    const before = removed.calls();
    await checks(kept, 5);
    expect(removed.calls()).toBe(before);
  });
});

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BuilderId, type BuilderStatus } from '@torii/contracts';
import { eventually, testRedis } from '@torii/test-kit';
import { BuildCancellation, BuilderRegistry, type BuildKeys, builderTtlMs, buildKeys } from '../src/index.js';
import { aBuildId } from './a-build.js';
import { type Connections, connect } from './connections.js';

function aBuilder(): BuilderStatus {
  return {
    id: BuilderId.parse(`br_${randomUUID()}`),
    host: 'a-host',
    internalUrl: 'http://127.0.0.1:9190',
    languages: [{ name: 'rust', available: false, reason: 'cargo is not on PATH' }],
    running: 1,
    slots: 2,
    at: new Date().toISOString(),
  };
}

describe('what builders and the control plane know of each other', () => {
  let connections: Connections;
  let keys: BuildKeys;
  beforeEach(async () => {
    const { url, keyPrefix } = testRedis();
    connections = await connect(url);
    keys = buildKeys(keyPrefix);
  });
  afterEach(() => connections.close());

  it('lists every builder that has announced itself, by id, with what it said last', async () => {
    const registry = new BuilderRegistry(connections.redis, keys);
    expect(await registry.list()).toEqual([]);
    const [one, two] = [aBuilder(), aBuilder()];
    await registry.announce(one);
    await registry.announce({ ...two, running: 0 });
    await registry.announce(two);
    expect(await registry.list()).toEqual([one, two].sort((a, b) => (a.id < b.id ? -1 : 1)));
  });

  it('forgets a builder at once when it leaves, and by itself when it goes silent', async () => {
    const registry = new BuilderRegistry(connections.redis, keys);
    const builder = aBuilder();
    await registry.announce(builder);
    expect(await connections.redis.pttl(keys.builder(builder.id))).toBeLessThanOrEqual(builderTtlMs);
    await registry.withdraw(builder.id);
    expect(await registry.list()).toEqual([]);
  });

  it('forgets nobody because of a builder whose clock is wrong', async () => {
    const registry = new BuilderRegistry(connections.redis, keys);
    const [behind, right, ahead] = [-7_200_000, 0, 7_200_000].map((offMs) => ({ ...aBuilder(), at: new Date(Date.now() + offMs).toISOString() }));
    for (const builder of [behind, right, ahead]) if (builder !== undefined) await registry.announce(builder);
    expect((await registry.list()).map(({ id }) => id)).toEqual([behind?.id, right?.id, ahead?.id].sort());
  });

  it('skips a builder whose words it cannot read', async () => {
    const registry = new BuilderRegistry(connections.redis, keys);
    const builder = aBuilder();
    await registry.announce(builder);
    await registry.announce({ ...aBuilder(), languages: 'all' } as never);
    expect(await registry.list()).toEqual([builder]);
  });

  it('tells builders of a cancellation at once, and whoever asks later', async () => {
    const cancellation = new BuildCancellation({ ...connections, keys });
    const cancelled: string[] = [];
    cancellation.subscribe((id) => cancelled.push(id));
    const buildId = aBuildId();
    expect(await cancellation.isRequested(buildId)).toBe(false);
    await eventually(async () => {
      await cancellation.request(buildId);
      return cancelled.includes(buildId);
    });
    expect(await cancellation.isRequested(buildId)).toBe(true);
    cancellation.close();
  });
});

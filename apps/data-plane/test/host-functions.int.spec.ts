import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GrantString, type SnapshotPlugin } from '@torii/contracts';
import { eventually, type OwnRedis, startOwnRedis } from '@torii/test-kit';
import { hostCaller } from './a-host-caller.js';
import { aPlugin, aRoute, TestNode } from './a-node.js';

const node = new TestNode();
let kvRedis: OwnRedis;
const env = (): Record<string, string> => ({ TORII_DATA_THREADS: '2', TORII_KV_REDIS_URL: kvRedis.url });

beforeAll(async () => {
  kvRedis = await startOwnRedis();
  await node.start(env());
});

afterAll(async () => {
  await node.stop();
  await kvRedis?.stop({ loseData: true });
});

type Calls = Parameters<typeof hostCaller>[0];

/** A busy machine may not give a guest its turn for long. */
const limits = { cpuMs: 10_000, wallMs: 20_000 };

/** A version of a plugin for each list of calls, under `/<name>`. */
async function serve(endpoints: Record<string, Calls>, part: Partial<Omit<SnapshotPlugin, 'limits'>> = {}): Promise<void> {
  const first = aPlugin('', { grants: GrantString.options, limits, ...part });
  const plugins = await Promise.all(
    Object.values(endpoints).map(async (calls, index) => ({
      ...first,
      sha256: node.artifacts.add(await hostCaller(calls)) as SnapshotPlugin['sha256'],
      version: index + 1,
    })),
  );
  const routes = Object.keys(endpoints).map((name, index) => aRoute({ ...first, version: index + 1 }, `/${name}`));
  await node.apply(plugins, routes);
}

async function call(name: string): Promise<{ answers: unknown[]; headers: Headers }> {
  const response = await fetch(`${node.proxyUrl}/${name}`, { headers: { connection: 'close' } });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return { answers: JSON.parse(text), headers: response.headers };
}

const answersOf = async (name: string): Promise<unknown[]> => (await call(name)).answers;

/** What is done with a datastore, each under a name of its own. */
function callsOf(prefix: string): Record<'set' | 'get' | 'count' | 'read', Calls> {
  const key = `k-${prefix}`;
  return {
    set: [{ name: `${prefix}_set`, argument: JSON.stringify({ key, value: '"stored"', ttl: 600_000 }), answers: 'number' }],
    get: [
      { name: `${prefix}_get`, argument: key, answers: 'pointer' },
      { name: `${prefix}_exists`, argument: key, answers: 'number' },
      { name: `${prefix}_keys`, argument: `${key}*`, answers: 'pointer' },
      { name: `${prefix}_all_matching`, argument: `${key}*`, answers: 'pointer' },
    ],
    count: [{ name: `${prefix}_incrby`, argument: JSON.stringify({ key: `${key}:sum`, incr: '3' }), answers: 'number' }],
    read: [{ name: `${prefix}_get`, argument: `${key}:sum`, answers: 'pointer' }],
  };
}

describe('datastores', () => {
  const prefixes = ['proxy_plugin_datastore', 'proxy_datastore'];

  it('keep what is written for every thread, and over a restart of the node', async () => {
    const endpoints = prefixes.flatMap((prefix) => {
      const { get, set } = callsOf(prefix);
      return [
        [`${prefix}-get`, get],
        [`${prefix}-set`, set],
      ] as const;
    });
    await serve(Object.fromEntries(endpoints));
    const keptIn = (prefix: string): unknown[] => ['stored', 1, [`k-${prefix}`], [Buffer.from('"stored"').toString('base64')]];
    for (const prefix of prefixes) {
      expect(await answersOf(`${prefix}-get`)).toEqual([null, 0, [], []]);
      expect(await answersOf(`${prefix}-set`)).toEqual([1]);
      for (let i = 0; i < 6; i += 1) expect(await answersOf(`${prefix}-get`)).toEqual(keptIn(prefix));
    }
    await node.stopProcess();
    await node.start(env());
    await node.servesRevision(node.revision);
    for (const prefix of prefixes) expect(await answersOf(`${prefix}-get`)).toEqual(keptIn(prefix));
  });

  it.each(prefixes)('count exactly, whichever thread counts: %s', async (prefix) => {
    const { count, read } = callsOf(prefix);
    await serve({ count, read });
    await Promise.all(Array.from({ length: 24 }, () => answersOf('count')));
    expect(await answersOf('read')).toEqual([72]);
  });
});

describe('a global map', () => {
  it.each(['memory', 'shared'] as const)('in %s is the same for all plugins, a plugin map is not', async (mapStore) => {
    const value = JSON.stringify({ key: `shared-${mapStore}`, value: '1' });
    const writes: Calls = [
      { name: 'proxy_global_map_set', argument: value, answers: 'number' },
      { name: 'proxy_plugin_map_set', argument: value, answers: 'number' },
    ];
    const reads: Calls = [
      { name: 'proxy_global_map_get', argument: `shared-${mapStore}`, answers: 'pointer' },
      { name: 'proxy_plugin_map_get', argument: `shared-${mapStore}`, answers: 'pointer' },
      { name: 'proxy_plugin_map', answers: 'pointer' },
    ];
    const writer = aPlugin(node.artifacts.add(await hostCaller(writes)), { grants: GrantString.options, mapStore, limits });
    const reader = aPlugin(node.artifacts.add(await hostCaller(reads)), { grants: GrantString.options, mapStore, limits, name: 'reader' });
    await node.apply([writer, reader], [aRoute(writer, '/write'), aRoute(reader, '/read')]);
    expect(await answersOf('write')).toEqual([0, 0]);
    for (let i = 0; i < 4; i += 1) expect(await answersOf('read')).toEqual([1, null, {}]);
  });
});

describe('a narrowed grant', () => {
  it.each(['memory', 'shared'] as const)('bounds the keys of a map in %s, and how long they live', async (mapStore) => {
    const set = (key: string): Calls[number] => ({ name: 'proxy_plugin_map_set', argument: JSON.stringify({ key, value: '1' }), answers: 'number' });
    const calls: Record<string, Calls> = {
      'set-two': [set('a'), set('b'), { name: 'proxy_last_error', answers: 'pointer' }, set('a')],
      keys: [{ name: 'proxy_plugin_map_keys', argument: '{}', answers: 'pointer' }],
    };
    await serve(calls, { mapStore, storeLimits: { plugin_map: { maxKeys: 1, ttlMs: 4_000 } } });
    expect(await answersOf('set-two')).toEqual([0, 5, expect.objectContaining({ code: 'over_limit' }), 0]);
    expect(await answersOf('keys')).toEqual([{ keys: ['a'], complete: true }]);
    await eventually(async () => expect(await answersOf('keys')).toEqual([{ keys: [], complete: true }]));
  });
});

describe('state and configuration', () => {
  it('show what is active on the node, and no secret of it', async () => {
    const calls: Record<string, Calls> = {
      everything: [
        { name: 'proxy_state', answers: 'pointer' },
        { name: 'proxy_global_config', answers: 'pointer' },
        { name: 'proxy_config', answers: 'pointer' },
        { name: 'proxy_cluster_state', answers: 'pointer' },
        { name: 'proxy_cluster_state_value', argument: 'revision', answers: 'pointer' },
      ],
    };
    await serve(calls, { config: { API_KEY: 'hidden' }, allowedHosts: ['hidden.example'] });
    const [state, global, config, cluster, revision] = await answersOf('everything');
    expect(state).toMatchObject({ routes: [{ name: 'route-everything' }], wasmPlugins: [{ name: 'a-plugin', version: 1 }] });
    expect([global, revision]).toEqual([{ workspace: 'default', revision: node.revision }, node.revision]);
    expect(config).toMatchObject({ dataThreads: 2, egress: { maxRedirects: expect.any(Number) } });
    expect(cluster).toMatchObject({ mode: 'node', revision: node.revision });
    expect(JSON.stringify([state, global, config, cluster])).not.toMatch(/hidden|redis:|token|127\.0\.0\.1/i);
  });
});

describe('attributes', () => {
  it('last as long as their request, and add headers to its response', async () => {
    const added = { key: 'otoroshi.next.core.ResponseAddHeaders', value: { 'x-added': 'by the guest' } };
    const calls: Record<string, Calls> = {
      attributes: [
        { name: 'proxy_get_attrs', answers: 'pointer' },
        { name: 'proxy_set_attr', argument: JSON.stringify(added), answers: 'number' },
        { name: 'proxy_get_attr', argument: added.key, answers: 'pointer' },
      ],
    };
    await serve(calls);
    for (let i = 0; i < 2; i += 1) {
      const { answers, headers } = await call('attributes');
      expect(answers).toEqual([{}, 1, added.value]);
      expect(headers.get('x-added')).toBe('by the guest');
    }
  });
});

describe('when Redis is gone', () => {
  it('datastores answer that they cannot be reached, the node serves on, and they come back', async () => {
    const lastError = { name: 'proxy_last_error', answers: 'pointer' } as const;
    const calls: Record<string, Calls> = {
      write: [{ name: 'proxy_plugin_datastore_set', argument: '{"key":"x","value":"1"}', answers: 'number' }, lastError],
      read: [
        { name: 'proxy_plugin_datastore_get', argument: 'x', answers: 'pointer' },
        lastError,
        { name: 'proxy_plugin_datastore_keys', argument: '*', answers: 'pointer' },
      ],
    };
    await serve(calls);
    expect(await answersOf('write')).toEqual([1, null]);
    await kvRedis.stop();
    const unavailable = expect.objectContaining({ code: 'unavailable' });
    await eventually(async () => expect(await answersOf('write')).toEqual([0, unavailable]));
    expect(await answersOf('read')).toEqual([null, unavailable, { error: unavailable }]);
    await kvRedis.start();
    await eventually(async () => expect(await answersOf('read')).toEqual([1, null, ['x']]), { timeoutMs: 20_000 });
  });
});

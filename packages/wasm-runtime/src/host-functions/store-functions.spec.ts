import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError, GrantString, hostFunctions } from '@torii/contracts';
import type { KvStore } from '@torii/kv';
import type { FunctionOptions } from '../../test/a-function.js';
import { aMap, memoryStores, storeThat } from '../../test/a-map.js';
import { callHost, type HostCaller } from '../../test/host-caller.js';
import type { FunctionSpec, RuntimeDeps } from '../function-spec.js';
import { Guest } from '../guest.js';
import { linkImports } from '../link-imports.js';

const opened: HostCaller[] = [];

function caller(name: string, options: FunctionOptions = {}): HostCaller {
  const opening = callHost(name, options);
  opened.push(opening);
  return opening;
}

afterEach(async () => {
  for (const open of opened.splice(0)) await open.close();
});

const noSum = -(2n ** 63n);
const text = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : Buffer.from(bytes).toString());

/** A store that cannot be reached, and says so by a promise, like Redis, or at once. */
function unreachable(how: 'rejects' | 'throws'): KvStore {
  const rejects = (): Promise<never> => Promise.reject(new AppError('platform.redis'));
  const throws = (): never => {
    throw new AppError('platform.redis');
  };
  return how === 'rejects' ? storeThat(rejects) : storeThat(throws, true);
}

/** An argument that any of the functions takes; one that takes a key takes it as the key. */
function argumentOf(name: string): string {
  return /_(keys|all_matching)$/.test(name) ? '*' : '{"key":"k","keys":["k"],"value":"v","incr":1,"pttl":1}';
}

const families = [
  { prefix: 'proxy_plugin_map', isMap: true, store: 'pluginMap' },
  { prefix: 'proxy_global_map', isMap: true, store: 'globalMap' },
  { prefix: 'proxy_plugin_datastore', isMap: false, store: 'pluginDatastore' },
  { prefix: 'proxy_datastore', isMap: false, store: 'globalDatastore' },
] as const;

describe.each(families)('$prefix', ({ prefix, isMap, store: storeName }) => {
  const done = isMap ? 0n : 1n;
  const notDone = isMap ? 4n : 0n;
  const badArgument = isMap ? 2n : 0n;
  const failed = isMap ? 5n : 0n;
  const over = (store: KvStore): FunctionOptions => ({ stores: { [storeName]: () => store } });

  it('gets a value, and an empty block for what is not there', async () => {
    const store = aMap();
    store.set('paris', Buffer.from('48.85'));
    const get = caller(`${prefix}_get`, over(store));
    expect(await get.block('paris')).toBe('48.85');
    expect(await get.block('rome')).toBe('');
    expect(await get.error('rome')).toBeUndefined();
  });

  it('sets a value, as text or as base64, with a time to live', async () => {
    const store = aMap();
    const set = caller(`${prefix}_set`, over(store));
    expect(await set.number('{"key":"a","value":"text","ttl":60000}')).toBe(done);
    expect(await set.number('{"key":"b","value_base64":"AAEC","ttl":null,"durable":true}')).toBe(done);
    expect(text(store.get('a'))).toBe('text');
    expect([...(store.get('b') ?? [])]).toEqual([0, 1, 2]);
    expect(store.ttlMs('a')).toBeGreaterThan(50_000);
    expect(store.ttlMs('b')).toBe(-1);
  });

  it('sets what is not there, and says when it was', async () => {
    const store = aMap();
    const setnx = caller(`${prefix}_setnx`, over(store));
    expect(await setnx.number('{"key":"a","value":"1"}')).toBe(done);
    expect(await setnx.number('{"key":"a","value":"2"}')).toBe(notDone);
    expect(await setnx.error('{"key":"a","value":"2"}')).toBeUndefined();
    expect(text(store.get('a'))).toBe('1');
  });

  it('swaps a value for the one it must be', async () => {
    const store = aMap();
    const cas = caller(`${prefix}_cas`, over(store));
    expect(await cas.number('{"key":"a","value":"1"}')).toBe(done);
    expect(await cas.number('{"key":"a","value":"2"}')).toBe(notDone);
    expect(await cas.number('{"key":"a","expected":"1","value":"2"}')).toBe(done);
    expect(await cas.number('{"key":"a","expected":"1","value":"3"}')).toBe(notDone);
    expect(await cas.number('{"key":"a","expected_base64":"Mg==","value_base64":"Mw=="}')).toBe(done);
    expect(text(store.get('a'))).toBe('3');
  });

  it('counts, beyond 2^53 too, and refuses what cannot be summed', async () => {
    const store = aMap();
    const incrby = caller(`${prefix}_incrby`, over(store));
    expect(await incrby.number('{"key":"a","incr":5}')).toBe(5n);
    expect(await incrby.number('{"key":"a","incr":"-7"}')).toBe(-2n);
    expect(await incrby.number('{"key":"b","incr":"9007199254740993"}')).toBe(9007199254740993n);
    expect(await incrby.number('{"key":"b","incr":"9223372036854775807"}')).toBe(noSum);
    store.set('c', Buffer.from('text'));
    expect(await incrby.number('{"key":"c","incr":1}')).toBe(noSum);
    expect(await incrby.error('{"key":"c","incr":1}')).toMatchObject({ code: 'not_a_number' });
    for (const incr of ['1.5', '"1e3"', '"9223372036854775808"', '""', 'null', '9007199254740993']) {
      expect(await incrby.number(`{"key":"a","incr":${incr}}`)).toBe(noSum);
      expect(await incrby.error(`{"key":"a","incr":${incr}}`)).toMatchObject({ code: 'bad_argument' });
    }
  });

  it('lists keys by pattern, by prefix and up to a limit', async () => {
    const store = aMap();
    for (const key of ['a:1', 'a:2', 'b:1']) store.set(key, Buffer.from(key));
    const keys = caller(`${prefix}_keys`, over(store));
    expect(JSON.parse(await keys.block('a:*')).sort()).toEqual(['a:1', 'a:2']);
    expect(JSON.parse(await keys.block('')).sort()).toEqual(['a:1', 'a:2', 'b:1']);
    expect(await keys.block('c')).toBe('[]');
    expect(JSON.parse(await keys.block('{"prefix":"b:"}'))).toEqual({ keys: ['b:1'], complete: true });
    expect(JSON.parse(await keys.block('{"pattern":"*1","prefix":"a"}'))).toEqual({ keys: ['a:1'], complete: true });
    const cut = JSON.parse(await keys.block('{"limit":2}'));
    expect([cut.keys.length, cut.complete]).toEqual([2, false]);
    expect(await keys.error('{"limit":2}')).toMatchObject({ code: 'incomplete' });
    expect(JSON.parse(await keys.block('{}')).complete).toBe(true);
    for (const query of ['{"limit":0}', '{"limit":10001}', '{"cursor":"x"}', '{not json', 'x'.repeat(2_000)]) {
      expect(JSON.parse(await keys.block(query))).toMatchObject({ error: { code: 'bad_argument' } });
    }
  });

  it.each([
    'not json',
    '{}',
    '[]',
    '{"key":"k"}',
    '{"key":"k","value":5}',
    '{"key":"k","value_base64":"%"}',
    '{"key":"k","value":"v","ttl":0}',
    `{"key":"${'k'.repeat(5_000)}","value":""}`,
  ])('answers a bad argument to a write of %.40s', async (argument) => {
    for (const verb of ['set', 'setnx', 'cas']) {
      const write = caller(`${prefix}_${verb}`, over(aMap()));
      expect(await write.number(argument)).toBe(badArgument);
      expect(await write.error(argument)).toMatchObject({ code: 'bad_argument', detail: expect.any(String) });
    }
  });

  it('refuses a write over the limit, and says so to the guest and in the log', async () => {
    const store = aMap({ maxBytes: 100 });
    const argument = JSON.stringify({ key: 'k', value: 'v'.repeat(200) });
    for (const verb of ['set', 'setnx', 'cas']) {
      const write = caller(`${prefix}_${verb}`, over(store));
      expect(await write.number(argument)).toBe(failed);
      expect(await write.error(argument)).toMatchObject({ code: 'over_limit' });
      const { logLines } = await write.loaded('error');
      expect(logLines).toContainEqual(
        expect.objectContaining({ msg: 'host function refused', hostFunction: `${prefix}_${verb}`, pluginId: 'pl_test' }),
      );
    }
    expect(store.get('k')).toBeUndefined();
  });

  it.each(['rejects', 'throws'] as const)('answers that the store cannot be reached when it %s', async (how) => {
    const verbs = Object.keys(hostFunctions).filter((name) => name.startsWith(`${prefix}_`) || name === prefix);
    for (const name of verbs) {
      const call = caller(name, over(unreachable(how)));
      expect({ name, error: await call.error(argumentOf(name)) }).toMatchObject({ name, error: { code: 'unavailable' } });
    }
  });

  it('lets nothing live longer than its grant says, and gives what has no time to live that', async () => {
    const store = aMap();
    const storeLimits = { plugin_map: {}, [storeNameOf(prefix)]: { ttlMs: 60_000 } };
    const call = async (verb: string, argument: string): Promise<void> => {
      await caller(`${prefix}_${verb}`, { ...over(store), storeLimits }).number(argument);
    };
    await call('set', '{"key":"none","value":""}');
    await call('set', '{"key":"long","value":"","ttl":600000}');
    await call('setnx', '{"key":"nx","value":""}');
    await call('cas', '{"key":"cas","value":""}');
    await call('incrby', '{"key":"sum","incr":1}');
    for (const key of ['none', 'long', 'nx', 'cas', 'sum']) {
      const left = store.ttlMs(key);
      expect({ key, isBounded: left > 0 && left <= 60_000 }).toEqual({ key, isBounded: true });
    }
    await call('set', '{"key":"short","value":"","ttl":10}');
    expect(store.ttlMs('short')).toBeLessThanOrEqual(10);
    if (!isMap) {
      await call('pexpire', '{"key":"none","pttl":"600000"}');
      expect(store.ttlMs('none')).toBeLessThanOrEqual(60_000);
    }
  });

  it('suspends a guest only over a store that does not answer at once', () => {
    const imports = [{ module: 'env', name: `${prefix}_get`, kind: 'function' as const, params: ['i64', 'i64'], results: ['i64'] }];
    const spec = { grants: GrantString.options, limits: { requestMaxBytes: 0, responseMaxBytes: 0 } } as unknown as FunctionSpec;
    for (const [store, suspends] of [
      [aMap(), false],
      [unreachable('rejects'), true],
    ] as const) {
      const guest = new Guest(spec, { stores: { [storeName]: () => store } } as unknown as RuntimeDeps);
      expect(linkImports(imports, guest).suspends).toBe(suspends);
    }
  });
});

describe.each(['proxy_plugin_map', 'proxy_global_map'])('the whole of %s', (prefix) => {
  it('is an object of base64, empty when there is nothing', async () => {
    const stores = memoryStores();
    const store = prefix === 'proxy_plugin_map' ? stores.pluginMap('pl_test') : stores.globalMap();
    const whole = caller(prefix, { stores });
    expect(await whole.block()).toBe('{}');
    await store.set('__proto__', Buffer.from('a'));
    await store.set('b', Buffer.from('b'));
    expect(JSON.parse(await whole.block())).toEqual(JSON.parse('{"__proto__":"YQ==","b":"Yg=="}'));
  });

  it('is an error rather than a part', async () => {
    const store = aMap();
    for (let i = 0; i <= 10_000; i += 1) store.set(`k${i}`, new Uint8Array(0));
    const whole = caller(prefix, { stores: { pluginMap: () => store, globalMap: () => store } });
    expect(JSON.parse(await whole.block())).toMatchObject({ error: { code: 'over_limit' } });
  });

  it('is deleted from key by key, which answers text', async () => {
    const store = aMap();
    store.set('k', Buffer.from('v'));
    const del = caller(`${prefix}_del`, { stores: { pluginMap: () => store, globalMap: () => store } });
    expect([await del.block('k'), await del.block('k')]).toEqual(['StatusOK', 'StatusOK']);
    expect(store.get('k')).toBeUndefined();
    expect(await del.block('k'.repeat(5_000))).toBe('StatusBadArgument');
    const down = caller(`${prefix}_del`, { stores: { pluginMap: () => unreachable('rejects'), globalMap: () => unreachable('rejects') } });
    expect(await down.block('k')).toBe('StatusInternalFailure');
  });
});

describe.each(['proxy_plugin_datastore', 'proxy_datastore'])('%s', (prefix) => {
  const over = (store: KvStore): FunctionOptions => ({ stores: { pluginDatastore: () => store, globalDatastore: () => store } });

  it('tells what exists and how long it lives, and changes that', async () => {
    const store = aMap();
    store.set('k', Buffer.from('v'));
    const [exists, pttl, pexpire] = ['exists', 'pttl', 'pexpire'].map((verb) => caller(`${prefix}_${verb}`, over(store)));
    expect([await exists?.number('k'), await exists?.number('other')]).toEqual([1n, 0n]);
    expect([await pttl?.number('k'), await pttl?.number('other')]).toEqual([-1n, -2n]);
    expect(await pexpire?.number('{"key":"k","pttl":"60000"}')).toBe(1n);
    expect(Number(await pttl?.number('k'))).toBeGreaterThan(50_000);
    expect(await pexpire?.number('{"key":"other","pttl":1}')).toBe(0n);
    expect(await pexpire?.number('{"key":"k","pttl":0}')).toBe(1n);
    expect(store.get('k')).toBeUndefined();
    expect(await pttl?.number('k'.repeat(5_000))).toBe(-3n);
    expect(await pexpire?.number('{"key":"k","pttl":"soon"}')).toBe(0n);
  });

  it('answers the values that match', async () => {
    const store = aMap();
    store.set('a', Buffer.from('1'));
    store.set('b', Buffer.from('2'));
    const matching = caller(`${prefix}_all_matching`, over(store));
    expect(JSON.parse(await matching.block('*')).sort()).toEqual(['MQ==', 'Mg==']);
    expect(JSON.parse(await matching.block('{"prefix":"b"}'))).toEqual({ values: ['Mg=='], complete: true });
  });

  it('deletes many at once, and says how many there were', async () => {
    const store = aMap();
    store.set('a', Buffer.from('1'));
    store.set('b', Buffer.from('2'));
    const del = caller(`${prefix}_del`, over(store));
    expect(await del.number('{"keys":["a","b","c"]}')).toBe(2n);
    expect(await del.number('{"keys":[]}')).toBe(0n);
    for (const argument of ['{"keys":"a"}', '{"keys":[1]}', JSON.stringify({ keys: Array(1_001).fill('k') })]) {
      expect(await del.number(argument)).toBe(-1n);
    }
  });
});

it('keeps the four stores apart', async () => {
  const stores = memoryStores();
  for (const { prefix } of families) await caller(`${prefix}_set`, { stores }).number(JSON.stringify({ key: 'k', value: prefix }));
  for (const { prefix } of families) expect(await caller(`${prefix}_get`, { stores }).block('k')).toBe(prefix);
});

function storeNameOf(prefix: string): string {
  return prefix === 'proxy_datastore' ? 'global_datastore' : prefix.replace('proxy_', '');
}

import { afterEach, describe, expect, it } from '@jest/globals';
import type { FunctionOptions } from '../../test/a-function.js';
import { codeOf, loadGuest } from '../../test/a-function.js';
import { aMap, storeThat } from '../../test/a-map.js';
import { callHost, type HostCaller } from '../../test/host-caller.js';
import { compileWat } from '../../test/wat.js';
import type { ExposedState } from '../function-spec.js';
import { RequestAttributes } from './request-attributes.js';

const opened: { close(): Promise<void> }[] = [];

function caller(name: string, options: FunctionOptions = {}): HostCaller {
  const opening = callHost(name, options);
  opened.push(opening);
  return opening;
}

afterEach(async () => {
  for (const open of opened.splice(0)) await open.close();
});

const depth = 100_000;
const deeplyNested = `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('attributes', () => {
  /** Calls with the attributes of one request. */
  async function withAttributes(name: string, argument: string, attributes: RequestAttributes, options: FunctionOptions = {}) {
    const number = await caller(name, options).loaded('number');
    const block = await caller(name, options).loaded('block');
    const error = await caller(name, options).loaded('error');
    const text = async (pool: typeof block): Promise<string> => Buffer.from((await pool.call(argument, { attributes })).output).toString();
    return {
      number: async () => Buffer.from((await number.call(argument, { attributes })).output).readBigInt64LE(),
      block: () => text(block),
      error: () => text(error),
    };
  }

  it('that one call sets, another of the same request gets, deletes and clears', async () => {
    const attributes = new RequestAttributes();
    const set = await withAttributes('proxy_set_attr', '{"key":"user","value":{"name":"ada"}}', attributes);
    const get = await withAttributes('proxy_get_attr', 'user', attributes);
    const all = await withAttributes('proxy_get_attrs', '', attributes);
    const del = await withAttributes('proxy_del_attr', 'user', attributes);
    const clear = await withAttributes('proxy_clear_attrs', '', attributes);
    expect([await get.block(), await all.block()]).toEqual(['', '{}']);
    expect(await set.number()).toBe(1n);
    expect([await get.block(), await all.block()]).toEqual(['{"name":"ada"}', '{"user":{"name":"ada"}}']);
    expect([await del.number(), await del.number()]).toEqual([1n, 0n]);
    await set.number();
    expect(await clear.number()).toBe(0n);
    expect(await all.block()).toBe('{}');
  });

  it('are gone with their request', async () => {
    const set = caller('proxy_set_attr');
    expect(await set.number('{"key":"a","value":1}')).toBe(1n);
    const { logLines } = await set.loaded('number');
    expect(logLines).toEqual([]);
    expect(await caller('proxy_get_attrs').block()).toBe('{}');
  });

  it.each([
    ['{"key":"a"}', 'bad_argument'],
    ['{"key":5,"value":1}', 'bad_argument'],
    ['no json', 'bad_argument'],
    [`{"key":"a","value":${deeplyNested}}`, 'over_limit'],
    [`{"key":"a","value":"${'x'.repeat(70_000)}"}`, 'over_limit'],
    [`{"key":"${'k'.repeat(300)}","value":1}`, 'over_limit'],
  ])('are not set by %.40s', async (argument, code) => {
    const attributes = new RequestAttributes();
    const set = await withAttributes('proxy_set_attr', argument, attributes);
    expect(await set.number()).toBe(0n);
    expect(JSON.parse(await set.error())).toMatchObject({ code });
    expect(attributes.toJson()).toBe('{}');
  });

  it('that Otoroshi lets nobody set are not set by a plugin made for it', async () => {
    const set = caller('proxy_set_attr', { compat: 'otoroshi' });
    expect(await set.number('{"key":"otoroshi.core.UserKey","value":1}')).toBe(1n);
    expect(await set.number('{"key":"anything","value":1}')).toBe(0n);
    expect(await set.error('{"key":"anything","value":1}')).toMatchObject({ code: 'not_settable' });
  });
});

describe('state and configuration', () => {
  const state: ExposedState = {
    all: () => Buffer.from('{"routes":[]}'),
    entity: (entity, id) => (entity !== 'routes' ? undefined : id === undefined ? '[1]' : id === 'a' ? '1' : undefined),
    globalConfig: () => '{"revision":1}',
    nodeConfig: () => '{"version":"1"}',
    nodeState: () => '{"name":"n","a":{"b":[7]}}',
  };

  it.each([
    ['proxy_state', '', '{"routes":[]}'],
    ['proxy_state_value', '{"entity":"routes"}', '[1]'],
    ['proxy_state_value', '{"entity":"routes","id":"a"}', '1'],
    ['proxy_state_value', '{"entity":"routes","id":"b"}', 'null'],
    ['proxy_state_value', '{"entity":"constructor"}', 'null'],
    ['proxy_state_value', 'no json', 'null'],
    ['proxy_global_config', '', '{"revision":1}'],
    ['proxy_config', '', '{"version":"1"}'],
    ['proxy_cluster_state', '', '{"name":"n","a":{"b":[7]}}'],
    ['proxy_cluster_state_value', 'name', '"n"'],
    ['proxy_cluster_state_value', 'a.b.0', '7'],
    ['proxy_cluster_state_value', 'a.c', 'null'],
    ['proxy_cluster_state_value', 'constructor.name', 'null'],
    ['proxy_cluster_state_value', 'a.b.length', '1'],
    ['proxy_cluster_state_value', 'x'.repeat(5_000), 'null'],
  ])('%s of %.40s', async (name, argument, expected) => {
    expect(await caller(name, { state }).block(argument)).toBe(expected);
  });
});

describe('proxy_log_event', () => {
  it('writes a line with its fields, cut and cleaned', async () => {
    const log = caller('proxy_log_event');
    const event = { '@type': 'x', function: `f\u001b[31m${'y'.repeat(500)}`, route_id: 'rt_1', message: 'hello\nworld', level: 3 };
    expect(await log.number(JSON.stringify(event))).toBe(0n);
    const { logLines } = await log.loaded('number');
    expect(logLines).toEqual([expect.objectContaining({ level: 40, source: 'plugin', pluginId: 'pl_test', routeId: 'rt_1', text: 'hello world' })]);
    expect(logLines[0]?.function).toMatch(/^fy{200,}$/);
  });

  it.each(['{"message":"m"}', '{"message":"m","level":7}', '{"message":5,"level":1}', 'no json'])(
    'answers a bad argument to %s',
    async (argument) => {
      const log = caller('proxy_log_event');
      expect(await log.number(argument)).toBe(2n);
      expect(await log.error(argument)).toMatchObject({ code: 'bad_argument' });
    },
  );

  it('has the levels of proxy_log', async () => {
    const log = caller('proxy_log');
    await log.number('said');
    expect((await log.loaded('number')).logLines).toEqual([expect.objectContaining({ level: 30, text: 'said' })]);
  });
});

describe('the log of a call', () => {
  it('has no more lines about refusals than about anything else', async () => {
    const bytes = compileWat(`(module
      (import "env" "proxy_plugin_map_set" (func $set (param i64 i64) (result i64)))
      (func (export "run") (result i32) (local $i i32)
        (loop $l
          (drop (call $set (i64.const 0) (i64.const 9)))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
        (i32.const 0)))`);
    const loaded = await loadGuest(bytes);
    opened.push(loaded);
    expect((await loaded.call()).hostCalls).toBe(1_000);
    expect(loaded.logLines.length).toBeLessThanOrEqual(101);
    expect(loaded.logLines.at(-1)).toMatchObject({ msg: 'plugin log cut' });
  });
});

describe('proxy_last_error', () => {
  it('tells the error until the next host function, whatever of the kernel is used in between', async () => {
    const bytes = compileWat(`(module
      (import "extism:host/env" "length" (func $length (param i64) (result i64)))
      (import "extism:host/env" "input_offset" (func $in (result i64)))
      (import "extism:host/env" "output_set" (func $out (param i64 i64)))
      (import "extism:host/env" "log_info" (func $log (param i64)))
      (import "env" "proxy_get_attrs" (func $attrs (param i64) (result i64)))
      (import "env" "proxy_set_attr" (func $set (param i64 i64) (result i64)))
      (import "env" "proxy_last_error" (func $error (param i64) (result i64)))
      (func $answer (param $p i64) (result i32) (call $out (local.get $p) (call $length (local.get $p))) (i32.const 0))
      (func (export "twice") (result i32)
        (drop (call $set (i64.const 0) (i64.const 5)))
        (call $log (call $in))
        (drop (call $error (i64.const 0)))
        (call $answer (call $error (i64.const 0))))
      (func (export "after") (result i32)
        (drop (call $set (i64.const 0) (i64.const 5)))
        (drop (call $attrs (i64.const 0)))
        (call $answer (call $error (i64.const 0))))
      (func (export "first") (result i32) (call $answer (call $error (i64.const 0)))))`);
    const [twice, after, first] = await Promise.all(['twice', 'after', 'first'].map((functionName) => loadGuest(bytes, { functionName })));
    for (const loaded of [twice, after, first]) if (loaded !== undefined) opened.push(loaded);
    expect(JSON.parse((await twice?.text()) ?? '')).toMatchObject({ code: 'bad_argument' });
    expect([await after?.text(), await first?.text()]).toEqual(['', '']);
  });
});

describe('what a host call costs', () => {
  it('is counted in bytes and in time, waiting included', async () => {
    const later = (): Promise<Uint8Array> => new Promise((resolve) => setTimeout(() => resolve(Buffer.from('12345')), 300));
    const slow = { ...storeThat(() => Promise.reject(new Error('not asked'))), get: later };
    const get = caller('proxy_plugin_map_get', { stores: { pluginMap: () => slow } });
    const result = await (await get.loaded('block')).call('key');
    expect(result).toMatchObject({ hostCalls: 1, hostBytes: 8 });
    expect(result.hostMs).toBeGreaterThan(250);
    expect(result.cpuMs).toBeLessThan(result.hostMs);
  });

  it('may take no more memory than there is for blocks: the call ends, and says so', async () => {
    const store = aMap();
    store.set('k', new Uint8Array(1_000_000));
    const bytes = compileWat(`(module
      (import "extism:host/env" "input_offset" (func $in (result i64)))
      (import "env" "proxy_plugin_map_get" (func $get (param i64 i64) (result i64)))
      (func (export "run") (result i32)
        (loop $l (br_if $l (i64.ne (i64.const 0) (call $get (call $in) (i64.const 1)))))
        (i32.const 0)))`);
    const loaded = await loadGuest(bytes, { stores: { pluginMap: () => store } });
    opened.push(loaded);
    expect(await codeOf(loaded.call('k'))).toBe('plugin.limit_exceeded');
  });

  it('is that of a call: a host call too many ends it', async () => {
    const get = caller('proxy_get_attrs', { limits: { hostCallsMax: 0 } });
    expect(await codeOf((await get.loaded('number')).call())).toBe('plugin.limit_exceeded');
  });
});

describe('a sum declared as 32 bits', () => {
  it('keeps its low ones', async () => {
    const bytes = compileWat(`(module
      (import "extism:host/env" "input_offset" (func $in (result i64)))
      (import "extism:host/env" "input_length" (func $len (result i64)))
      (import "env" "proxy_plugin_datastore_incrby" (func $incrby (param i32 i32) (result i32)))
      (func (export "run") (result i32)
        (i32.ne (i32.const -2) (call $incrby (i32.wrap_i64 (call $in)) (i32.wrap_i64 (call $len))))))`);
    const loaded = await loadGuest(bytes, { grants: ['plugin_datastore:write'] });
    opened.push(loaded);
    expect(await codeOf(loaded.call('{"key":"k","incr":"8589934590"}'))).toBe('none');
  });
});

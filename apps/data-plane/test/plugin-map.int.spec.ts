import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileWat, eventually } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

/** Answers what is in the map under "k" (`get`), or puts "stored" there (`put`): which of both says the plugin's function name. */
const mapUser = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "env/Otoroshi" "proxy_plugin_map_get" (func $get (param i64 i64) (result i64)))
  (import "env" "proxy_plugin_map_set" (func $set (param i64 i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\\"key\\":\\"k\\",\\"value\\":\\"stored\\"}")
  (data (i32.const 64) "k")
  (data (i32.const 128) "{\\"body_str\\":\\"put\\"}")
  (data (i32.const 192) "{\\"body_str\\":\\"absent\\"}")
  (data (i32.const 256) "{\\"body_str\\":\\"found\\"}")
  (func $block (param $from i32) (param $size i32) (result i64) (local $at i64) (local $i i32)
    (local.set $at (call $alloc (i64.extend_i32_u (local.get $size))))
    (loop $copy
      (call $store (i64.add (local.get $at) (i64.extend_i32_u (local.get $i))) (i32.load8_u (i32.add (local.get $from) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (local.get $size))))
    (local.get $at))
  (func $answer (param $from i32) (param $size i32)
    (call $output (call $block (local.get $from) (local.get $size)) (i64.extend_i32_u (local.get $size))))
  (func (export "put") (result i32)
    (drop (call $set (call $block (i32.const 0) (i32.const 28)) (i64.const 28)))
    (call $answer (i32.const 128) (i32.const 18))
    (i32.const 0))
  (func (export "get") (result i32)
    (if (i64.eqz (call $length (call $get (call $block (i32.const 64) (i32.const 1)) (i64.const 1))))
      (then (call $answer (i32.const 192) (i32.const 21)))
      (else (call $answer (i32.const 256) (i32.const 20))))
    (i32.const 0)))`;

const grants = ['plugin_map:read', 'plugin_map:write'] as const;

describe("a plugin's map", () => {
  const node = new TestNode();
  let sha256: string;
  beforeAll(async () => {
    await node.start({ TORII_DATA_THREADS: '2' });
    sha256 = node.artifacts.add(await compileWat(mapUser));
  });
  afterAll(() => node.stop());

  /** Over connections of their own, so that the threads take turns. */
  async function answers(path: string, count: number): Promise<Set<string>> {
    const texts = await Promise.all(
      Array.from({ length: count }, async () => (await fetch(`${node.proxyUrl}${path}`, { headers: { connection: 'close' } })).text()),
    );
    return new Set(texts);
  }

  /** One plugin in two versions: version 1 reads, version 2 writes, and both see the same map. */
  async function applyPair(mapStore: 'memory' | 'shared', name: string): Promise<void> {
    const reader = aPlugin(sha256, { name, functionName: 'get', grants: [...grants], mapStore });
    const writer = { ...reader, version: 2, functionName: 'put' };
    await node.apply([reader, writer], [aRoute(reader, '/get'), aRoute(writer, '/put')]);
  }

  it.each(['memory', 'shared'] as const)('in %s is seen by every thread once a write has returned', async (mapStore) => {
    await applyPair(mapStore, `visible-${mapStore}`);
    expect(await answers('/get', 8)).toEqual(new Set(['absent']));
    expect(await answers('/put', 1)).toEqual(new Set(['put']));
    expect(await answers('/get', 8)).toEqual(new Set(['found']));
  });

  it('in memory is gone with the node, the shared one is not', async () => {
    await applyPair('shared', 'kept');
    await answers('/put', 1);
    await node.stopProcess();
    await node.start({ TORII_DATA_THREADS: '2' });
    await node.servesRevision(node.revision);
    expect(await answers('/get', 4)).toEqual(new Set(['found']));
  });

  it('is not there for a plugin that was not granted it: the configuration is refused', async () => {
    const plugin = aPlugin(sha256, { name: 'ungranted', functionName: 'get', grants: ['plugin_map:read'] });
    await node.publish([plugin], [aRoute(plugin, '/ungranted')]);
    await eventually(async () => expect((await node.readiness()).checks.configuration.detail).toContain('proxy_plugin_map_set'));
  });
});

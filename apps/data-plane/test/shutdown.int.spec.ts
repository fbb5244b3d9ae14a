import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileWat, eventually, startUpstream, type Upstream } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

/** Asks the upstream, then answers {"body_str":"done"}. */
const caller = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\\"url\\":\\"http://upstream.test/\\"}")
  (data (i32.const 64) "{\\"body_str\\":\\"done\\"}")
  (func $block (param $from i32) (param $size i32) (result i64) (local $at i64) (local $i i32)
    (local.set $at (call $alloc (i64.extend_i32_u (local.get $size))))
    (loop $copy
      (call $store (i64.add (local.get $at) (i64.extend_i32_u (local.get $i))) (i32.load8_u (i32.add (local.get $from) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (local.get $size))))
    (local.get $at))
  (func (export "run") (result i32)
    (drop (call $http (call $block (i32.const 0) (i32.const 31)) (i64.const 0)))
    (call $output (call $block (i32.const 64) (i32.const 19)) (i64.const 19))
    (i32.const 0)))`;

describe('a node with a request under way', () => {
  const node = new TestNode();
  let upstream: Upstream;
  /** Lets the upstream answer. */
  let release: () => void = () => undefined;

  beforeAll(async () => {
    upstream = await startUpstream(async (_request, response) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      response.end('late');
    });
    await node.start({ TORII_DATA_THREADS: '2', TORII_SHUTDOWN_TIMEOUT_MS: '50000', TORII_EGRESS_OVERRIDES: `upstream.test=${upstream.url}` });
    const plugin = aPlugin(node.artifacts.add(await compileWat(caller)), {
      name: 'caller',
      allowedHosts: ['http://upstream.test'],
      limits: { wallMs: 60_000 },
    });
    await node.apply([plugin], [aRoute(plugin, '/call')]);
  });
  afterAll(async () => {
    await node.stop();
    await upstream.close();
  });

  it('gives up the guest when the client has gone, and says so in the access line', async () => {
    const before = upstream.calls();
    const client = new AbortController();
    const request = fetch(`${node.proxyUrl}/call`, { signal: client.signal }).catch((error: Error) => error.name);
    await eventually(() => expect(upstream.calls()).toBe(before + 1));
    client.abort();
    expect(await request).toBe('AbortError');
    await eventually(() => expect(node.node.logs.some((line) => line.includes('"code":"client.gone"'))).toBe(true));
    release();
  });

  it('keeps to the version the request came for while another is activated', async () => {
    const before = upstream.calls();
    const answer = fetch(`${node.proxyUrl}/call`).then((response) => response.text());
    await eventually(() => expect(upstream.calls()).toBe(before + 1));
    const next = aPlugin(node.artifacts.add(await compileWat(caller)), {
      name: 'next',
      allowedHosts: ['http://upstream.test'],
      limits: { wallMs: 60_000 },
    });
    await node.apply([next], [aRoute(next, '/call')]);
    release();
    expect(await answer).toBe('done');
  });

  it('answers it when told to stop, takes nothing new, and exits 0', async () => {
    const before = upstream.calls();
    const { proxyUrl } = node;
    const answer = fetch(`${proxyUrl}/call`).then((response) => response.text());
    await eventually(() => expect(upstream.calls()).toBe(before + 1));
    const exitCode = node.node.stop();
    await eventually(async () => expect(await fetch(`${proxyUrl}/nowhere`).catch(() => 'refused')).toBe('refused'));
    release();
    expect(await answer).toBe('done');
    expect(await exitCode).toBe(0);
  });
});

import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileWat, eventually, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

/** Some tenths of a millisecond of counting, then {"body_str":"done"}. */
const expensive = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\\"body_str\\":\\"done\\"}")
  (func (export "run") (result i32) (local $at i64) (local $i i32)
    (loop $count
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $count (i32.lt_u (local.get $i) (i32.const 100000))))
    (local.set $i (i32.const 0))
    (local.set $at (call $alloc (i64.const 19)))
    (loop $copy
      (call $store (i64.add (local.get $at) (i64.extend_i32_u (local.get $i))) (i32.load8_u (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (i32.const 19))))
    (call $output (local.get $at) (i64.const 19))
    (i32.const 0)))`;

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | undefined;
}

describe('a node with one thread that gets more than it can serve', () => {
  const node = new TestNode();
  beforeAll(async () => {
    await node.start({ TORII_OVERLOAD_LAG_MS: '40' });
    const busy = aPlugin(node.artifacts.add(await compileWat(expensive)), { name: 'busy', limits: { cpuMs: 10_000, wallMs: 30_000 } });
    const hello = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
    await node.apply([busy, hello], [aRoute(busy, '/busy'), aRoute(hello, '/hello')]);
  });
  afterAll(() => node.stop());

  /** So many clients, each with a connection it keeps, send one request after the other; answers how many per second ended how. */
  async function load(clients: number, forMs: number): Promise<{ readonly goodPerSecond: number; readonly answers: readonly Answer[] }> {
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    const answers: Answer[] = [];
    const startedAtMs = performance.now();
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (performance.now() - startedAtMs < forMs) answers.push(await get(`${node.proxyUrl}/busy`, agent));
      }),
    );
    const seconds = (performance.now() - startedAtMs) / 1000;
    agent.destroy();
    return { goodPerSecond: answers.filter(({ status }) => status === 200).length / seconds, answers };
  }

  it('refuses what is too much at once, goes on serving as much as it can, stays alive, and serves all when it is over', async () => {
    await load(4, 1_000); // compiled code and instances
    const peak = await load(4, 2_000);
    expect(peak.answers.every(({ status }) => status === 200)).toBe(true);
    const overloaded = load(400, 5_000);
    const livez = await fetch(`${node.internalUrl}/livez`);
    expect(livez.status).toBe(200);
    const { answers, goodPerSecond } = await overloaded;
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.some(({ code }) => code === 'capacity.overloaded')).toBe(true);
    for (const answer of refused) expect(answer).toEqual({ status: 503, code: expect.stringMatching(/^capacity\./), retryAfter: '1' });
    // About all of it where the clients have processors of their own; here they and their refusals share them with the node.
    expect(goodPerSecond).toBeGreaterThan(peak.goodPerSecond / 3);
    await eventually(async () => {
      const calm = await load(2, 300);
      expect(calm.answers.every(({ status }) => status === 200)).toBe(true);
    });
  });
});

function get(url: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      const { statusCode = 0, headers } = response;
      const answer = { status: statusCode, code: headers['x-torii-error']?.toString(), retryAfter: headers['retry-after'] };
      response.resume().once('end', () => resolve(answer));
    })
      .once('error', reject)
      .end();
  });
}

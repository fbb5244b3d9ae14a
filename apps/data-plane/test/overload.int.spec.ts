import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileWat, eventually, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

/** A millisecond or a few of counting, so that a client can ask for more than a thread can do; then {"body_str":"done"}. */
const expensive = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\\"body_str\\":\\"done\\"}")
  (func (export "run") (result i32) (local $at i64) (local $i i32)
    (loop $count
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $count (i32.lt_u (local.get $i) (i32.const 2000000))))
    (local.set $i (i32.const 0))
    (local.set $at (call $alloc (i64.const 19)))
    (loop $copy
      (call $store (i64.add (local.get $at) (i64.extend_i32_u (local.get $i))) (i32.load8_u (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $copy (i32.lt_u (local.get $i) (i32.const 19))))
    (call $output (local.get $at) (i64.const 19))
    (i32.const 0)))`;

/** A client that is refused comes back sooner than it was told to, but not at once. */
const retryAfterMs = 100;

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | undefined;
}

describe('a node with one thread that gets more than it can serve', () => {
  const node = new TestNode();
  beforeAll(async () => {
    await node.start({ TORII_OVERLOAD_LAG_MS: '100' });
    const busy = aPlugin(node.artifacts.add(await compileWat(expensive)), { name: 'busy', limits: { cpuMs: 100, wallMs: 30_000, queueWaitMs: 200 } });
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
        while (performance.now() - startedAtMs < forMs) {
          const answer = await get(`${node.proxyUrl}/busy`, agent);
          answers.push(answer);
          if (answer.status !== 200) await delay(retryAfterMs);
        }
      }),
    );
    const seconds = (performance.now() - startedAtMs) / 1000;
    agent.destroy();
    return { goodPerSecond: answers.filter(({ status }) => status === 200).length / seconds, answers };
  }

  it('refuses what is too much at once, goes on serving as much as it can, stays alive, and serves all when it is over', async () => {
    await load(4, 1_000); // compiled code and instances
    const alive: number[] = [];
    const refused: Answer[] = [];
    // Other tests may take the processors away in the middle of a comparison; what is refused, and how, holds in all of them.
    await eventually(
      async () => {
        const peak = await load(4, 2_000);
        expect(peak.answers.every(({ status }) => status === 200)).toBe(true);
        const overloaded = load(400, 5_000);
        alive.push((await fetch(`${node.internalUrl}/livez`)).status);
        const { answers, goodPerSecond } = await overloaded;
        refused.push(...answers.filter(({ status }) => status !== 200));
        expect(refused.length).toBeGreaterThan(0);
        // How much of it is for bench/overload.mjs to say: here clients, refusals and other tests share the processors with the node.
        expect(goodPerSecond).toBeGreaterThan(peak.goodPerSecond / 5);
      },
      { timeoutMs: 200_000 },
    );
    expect(new Set(alive)).toEqual(new Set([200]));
    // By the thread, when it is late, or by the plugin's pool, when its guests compute for so long that they take turns.
    for (const answer of refused) expect(answer).toEqual({ status: 503, code: expect.stringMatching(/^capacity\./), retryAfter: '1' });
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

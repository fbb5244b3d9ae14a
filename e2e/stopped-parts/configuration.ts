import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { compileWat, eventually } from '@torii/test-kit';
import type { Gateway } from '../a-gateway.js';

/** A function that answers always the same. */
function answering(body: string): Promise<Uint8Array> {
  const output = JSON.stringify({ body_str: body });
  return compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (memory (export "memory") 1)
    (data (i32.const 0) "${output.replaceAll('"', '\\"')}")
    (func (export "run") (result i32) (local $at i64) (local $i i64)
      (local.set $at (call $alloc (i64.const ${output.length})))
      (loop $copy
        (call $store (i64.add (local.get $at) (local.get $i)) (i32.load8_u (i32.wrap_i64 (local.get $i))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br_if $copy (i64.lt_u (local.get $i) (i64.const ${output.length}))))
      (call $output (local.get $at) (i64.const ${output.length}))
      (i32.const 0)))`);
}

/** Between two requests of one client, so that the changes have the machine and not the load. */
const loadPauseMs = 5;

/** Stops Redis for a while, and the control plane for good. */
export function describeConfiguration(gateway: Gateway): void {
  describe('a change by REST', () => {
    async function upload(body: string): Promise<string> {
      return (await gateway.must('POST', '/api/v1/artifacts', await answering(body))).json.sha256;
    }
    const plugin = (sha256: string) => ({ kind: 'backend', source: { kind: 'artifact', sha256 }, functionName: 'run' });
    const route = (path: string, pluginName: string) => ({
      match: [{ paths: [{ type: 'prefix', value: path }] }],
      target: { kind: 'function', plugin: pluginName },
    });

    it('is served by every node: a new route, another version of its function, and its end', async () => {
      await gateway.must('PUT', '/api/v1/plugins/greeter', plugin(await upload('one')));
      const created = await gateway.must('PUT', '/api/v1/routes/greet?wait=applied&timeout=60s', route('/greet', 'greeter'));
      expect(created.headers['x-config-applied']).toBe('2/2');
      for (const node of [0, 1]) expect((await gateway.proxy(node, '/greet')).text).toBe('one');

      await gateway.must('PUT', '/api/v1/plugins/greeter?wait=applied&timeout=60s', plugin(await upload('two')));
      for (const node of [0, 1]) expect((await gateway.proxy(node, '/greet')).text).toBe('two');

      const inUse = await gateway.admin('DELETE', '/api/v1/plugins/greeter');
      expect([inUse.status, inUse.json.code]).toEqual([409, 'client.conflict']);
      expect(inUse.text).toContain('greet');

      await gateway.must('DELETE', '/api/v1/routes/greet?wait=applied&timeout=60s');
      for (const node of [0, 1]) expect((await gateway.proxy(node, '/greet')).status).toBe(404);
      await gateway.must('DELETE', '/api/v1/plugins/greeter');
    });

    it('fails no request: 100 changes under constant load', async () => {
      const versions = await Promise.all([upload('a'), upload('b')]);
      await gateway.must('PUT', '/api/v1/plugins/busy', plugin(versions[0] ?? ''));
      await gateway.must('PUT', '/api/v1/routes/busy?wait=applied&timeout=60s', route('/busy', 'busy'));
      let isDone = false;
      let answered = 0;
      const failures: string[] = [];
      const load = [0, 1, 0, 1].map(async (node) => {
        while (!isDone) {
          const answer = await gateway.proxy(node, '/busy').catch((error: Error) => ({ status: 0, text: error.message }));
          answered += 1;
          await sleep(loadPauseMs);
          if (answer.status !== 200 || !['a', 'b'].includes(answer.text)) failures.push(`${answer.status} ${answer.text}`);
        }
      });
      for (let change = 1; change <= 100; change += 1) await gateway.must('PUT', '/api/v1/plugins/busy', plugin(versions[change % 2] ?? ''));
      await gateway.must('PUT', '/api/v1/plugins/busy?wait=applied&timeout=60s', plugin(await upload('last')));
      await eventually(() => answered > 100);
      isDone = true;
      await Promise.all(load);
      expect(failures.filter((failure) => failure !== '200 last')).toEqual([]);
      for (const node of [0, 1]) expect((await gateway.proxy(node, '/busy')).text).toBe('last');
    });

    it('reaches nodes that were without Redis, which serve on meanwhile', async () => {
      await gateway.must('PUT', '/api/v1/plugins/survivor', plugin(await upload('before')));
      await gateway.must('PUT', '/api/v1/routes/survivor?wait=applied&timeout=60s', route('/survivor', 'survivor'));
      await gateway.redis.stop();
      for (const node of [0, 1]) expect((await gateway.proxy(node, '/survivor')).text).toBe('before');
      await gateway.must('PUT', '/api/v1/plugins/survivor', plugin(await upload('after')));
      await gateway.redis.start();
      await gateway.everywhere('/survivor', {}, (answer) => answer.text === 'after');
    });

    it('is not needed for traffic: nodes serve on when the control plane has stopped', async () => {
      await gateway.must('PUT', '/api/v1/plugins/alone', plugin(await upload('alone')));
      await gateway.must('PUT', '/api/v1/routes/alone?wait=applied&timeout=60s', route('/alone', 'alone'));
      await gateway.stopControlPlane();
      for (const node of [0, 1]) expect((await gateway.proxy(node, '/alone')).text).toBe('alone');
    });
  });
}

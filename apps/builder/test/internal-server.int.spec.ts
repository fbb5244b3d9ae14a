import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 } from '@torii/config-sync';
import { FunctionRun, FunctionSettings } from '@torii/contracts';
import { compileWat, eventually } from '@torii/test-kit';
import { answerRun } from '../src/http/answer-run.js';
import { ABuilder, aSource, silent } from './a-builder.js';
import { nodeToken } from './a-control-plane.js';

describe("a builder's port", () => {
  const setting = new ABuilder();
  let digest = '';
  beforeAll(async () => {
    await setting.start();
    const wasm = await compileWat(aSource());
    digest = sha256(wasm);
    setting.controlPlane.artifacts.set(digest, wasm);
  });
  afterAll(() => setting.close());

  async function run(body: unknown, token = nodeToken): Promise<{ status: number; answer: unknown }> {
    const response = await fetch(`${setting.internalUrl}/internal/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, answer: await response.json() };
  }
  const request = () => ({
    sha256: digest,
    functionName: 'run',
    inputBase64: '',
    settings: FunctionSettings.parse({ limits: { cpuMs: 10_000, wallMs: 60_000 } }),
  });

  it('says that it lives and is ready, to everybody', async () => {
    expect((await fetch(`${setting.internalUrl}/livez`)).status).toBe(200);
    await eventually(async () => {
      const response = await fetch(`${setting.internalUrl}/readyz`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ checks: { redis: { ok: true }, languages: { ok: true, available: ['wat'] } } });
    });
  });

  it('counts the builds that ended, by language and status', async () => {
    await setting.build(aSource('refuse'));
    // Who waits for a build may hear of its end before it is counted.
    await eventually(async () => {
      const response = await fetch(`${setting.internalUrl}/metrics`);
      expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
      const text = await response.text();
      expect(text).toContain('torii_builder_builds_total{language="wat",status="failed"} 1\n');
      expect(text).toContain('torii_builder_slots 1\n');
      expect(text).toMatch(/torii_builder_stage_seconds_total\{language="wat",stage="compiling"\} [\d.e-]+\n/);
    });
  });

  it('runs a function for whoever has the node token', async () => {
    const { status, answer } = await run(request());
    expect(status).toBe(200);
    expect(FunctionRun.parse(answer)).toMatchObject({ ok: true, error: null });
  });

  it('runs nothing without the token', async () => {
    expect(await run(request(), 'another-token-altogether')).toMatchObject({ status: 401 });
  });

  it('refuses a run that it cannot read, or that is too large, by what is wrong', async () => {
    expect(await run('{')).toMatchObject({ status: 400, answer: { code: 'client.bad_request' } });
    expect(await run({ ...request(), sha256: 'x' })).toMatchObject({ status: 400, answer: { code: 'client.bad_request' } });
    const tooLarge = await run({ ...request(), inputBase64: 'A'.repeat(4 * 1024 * 1024) });
    expect(tooLarge).toMatchObject({ status: 413, answer: { code: 'client.body_too_large' } });
  });

  it('takes a caller that goes away in the middle of its request for no fault of ours', async () => {
    const errors: unknown[] = [];
    const log = Object.assign(Object.create(silent), { error: (...said: unknown[]) => errors.push(said) });
    const runner = { run: () => Promise.reject(new Error('nothing is run')) };
    const answered = Promise.withResolvers<void>();
    const server = createServer((req, res) => answered.resolve(answerRun(req, res, { runner, log })));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
    caller.write('POST /internal/run HTTP/1.1\r\nhost: torii\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n');
    await once(caller, 'data'); // the request has begun
    caller.destroy();
    await answered.promise;
    server.close();
    expect(errors).toEqual([]);
  });

  it('says when the module cannot be had', async () => {
    expect(await run({ ...request(), sha256: '0'.repeat(64) })).toMatchObject({ status: 503, answer: { code: 'config.unknown_artifact' } });
  });

  it('knows nothing else', async () => {
    expect((await fetch(`${setting.internalUrl}/internal/artifacts`)).status).toBe(404);
    expect((await fetch(`${setting.internalUrl}/internal/run`)).status).toBe(404);
  });
});

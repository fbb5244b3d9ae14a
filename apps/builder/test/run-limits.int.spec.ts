import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { sha256 } from '@torii/config-sync';
import { FunctionSettings } from '@torii/contracts';
import { compileWat, eventually, startUpstream, type Upstream } from '@torii/test-kit';
import { ABuilder } from './a-builder.js';
import { nodeToken } from './a-control-plane.js';
import { httpCaller } from './http-caller.js';

let setting: ABuilder;
let upstream: Upstream;
let answer: () => void;
beforeEach(async () => {
  setting = new ABuilder();
  const { promise, resolve } = Promise.withResolvers<void>();
  answer = resolve;
  upstream = await startUpstream((_request, response) => void promise.then(() => response.end('at last')));
});
afterEach(async () => {
  answer();
  await setting.close();
  await upstream.close();
});

const patient = { cpuMs: 10_000, wallMs: 60_000 };

async function run(wasm: Uint8Array, settings: object = { limits: patient }): Promise<{ status: number; answer: unknown }> {
  const digest = sha256(wasm);
  setting.controlPlane.artifacts.set(digest, wasm);
  const response = await fetch(`${setting.internalUrl}/internal/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${nodeToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sha256: digest, functionName: 'run', inputBase64: '', settings: FunctionSettings.parse(settings) }),
  });
  return { status: response.status, answer: await response.json() };
}

it('lets as many functions run at once, and wait so long, as the operator says', async () => {
  await setting.start({
    TORII_RUN_SLOTS: '1',
    TORII_RUN_QUEUE_WAIT_MS: '1',
    TORII_EGRESS_OVERRIDES: `api.example.com=${upstream.url}`,
  });
  const caller = await httpCaller('http://api.example.com/');
  const settings = { allowedHosts: ['http://api.example.com'], limits: patient };
  const first = run(caller, settings);
  await eventually(() => expect(upstream.calls()).toBe(1));

  expect(await run(caller, settings)).toMatchObject({
    status: 503,
    answer: { code: 'capacity.overloaded', detail: expect.stringContaining('1 ms') },
  });

  answer();
  expect(await first).toMatchObject({ status: 200, answer: { ok: true } });
});

it('gives functions as much memory as the operator says', async () => {
  await setting.start({ TORII_RUN_MEMORY_BYTES: String(16 * 1024 * 1024) });
  const withMemory = (pages: number) => compileWat(`(module (memory (export "memory") ${pages}) (func (export "run") (result i32) i32.const 0))`);

  expect(await run(await withMemory(16))).toMatchObject({ status: 200, answer: { ok: true } });
  expect(await run(await withMemory(512))).toMatchObject({ status: 503, answer: { code: expect.stringContaining('capacity.') } });
});

import { expect, it } from '@jest/globals';
import { FunctionSettings } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { guest } from '@torii/test-kit';
import { prepareModule } from '@torii/wasm-runtime';
import type { FunctionCall } from './run-messages.js';
import { RunThread, type RunThreadOptions } from './run-thread.js';

const options: RunThreadOptions = {
  log: createLogger({ level: 'silent', app: 'test' }),
  egress: { overrides: new Map(), privateCidrs: [], connectTimeoutMs: 1_000 },
  guestMemoryMaxBytes: 256 * 1024 * 1024,
  silenceMs: 10_000,
  heapMaxMb: 256,
};
const { signal } = new AbortController();

async function callOf(name: 'hello' | 'loop-forever'): Promise<FunctionCall> {
  const settings = FunctionSettings.parse({ limits: { cpuMs: 60_000, wallMs: 60_000 } });
  return {
    prepared: await prepareModule(await guest(name), settings.limits),
    functionName: 'run',
    input: new Uint8Array(),
    settings,
    startTimeoutMs: 30_000,
    callTimeoutMs: 60_000,
    hasNetwork: false,
  };
}

it('fails what runs in a thread that stands still, and starts another for what comes next', async () => {
  // Shorter than the thread's pulse, so that each thread counts as one that stands still.
  const thread = new RunThread({ ...options, silenceMs: 20 });
  const call = await callOf('loop-forever');
  for (let round = 0; round < 2; round += 1) {
    await expect(thread.call(call, signal)).rejects.toMatchObject({
      code: 'platform.internal',
      detail: 'the thread that runs functions stood still',
    });
  }
  await thread.close();
});

it('refuses a call when the guests that run have all the memory there is', async () => {
  const thread = new RunThread({ ...options, guestMemoryMaxBytes: 64 * 1024 });
  await expect(thread.call(await callOf('hello'), signal)).rejects.toMatchObject({ code: 'capacity.pool_exhausted' });
  await thread.close();
});

it('has nothing to say to a caller that has gone already', async () => {
  const thread = new RunThread(options);
  await expect(thread.call(await callOf('hello'), AbortSignal.abort())).rejects.toMatchObject({ code: 'client.gone' });
  await thread.close();
});

import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '@torii/contracts';
import { createLogger, systemClock } from '@torii/service-kit';
import { createEgress, InstanceBudget } from '@torii/wasm-runtime';
import { type CallHost, callFunction } from './call-function.js';
import type { ThreadReply, ThreadRequest, ThreadSettings } from './run-messages.js';
import { ScratchStores } from './scratch-stores.js';

// The thread in which functions run that are tried out: it knows of no other build and no secret of the builder.

if (parentPort === null) throw new Error('the running thread is started by the builder, not by hand');
const builder = parentPort;
const settings = workerData as ThreadSettings;

const beatMs = 100;
/** Runs and smoke calls are bounded before they come here; this is for the day they are not. */
const instancesMax = 64;

const log = createLogger({ level: 'warn', app: 'builder', fields: { thread: 'run' } });
const host: CallHost = {
  clock: systemClock,
  egress: createEgress(
    { ...settings.egress, overrides: new Map([...settings.egress.overrides].map(([name, origin]) => [name, new URL(origin)])) },
    { clock: systemClock, log },
  ),
  budget: new InstanceBudget({ maxInstances: instancesMax, maxBytes: settings.guestMemoryMaxBytes }),
  stores: new ScratchStores(),
};
const aborters = new Map<number, AbortController>();

const pulse = new Int32Array(settings.pulse);
const beat = (): void => void Atomics.add(pulse, 0, 1);
beat();
setInterval(beat, beatMs);

builder.on('message', (request: ThreadRequest) => {
  if (request.kind === 'abort') {
    aborters.get(request.id)?.abort();
    return;
  }
  void answer(request).then((reply) => builder.postMessage(reply));
});

async function answer({ id, call }: Extract<ThreadRequest, { kind: 'call' }>): Promise<ThreadReply> {
  const aborter = new AbortController();
  aborters.set(id, aborter);
  try {
    return { id, report: await callFunction(call, host, aborter.signal) };
  } catch (error) {
    const { code, message } = AppError.from(error);
    if (code === 'platform.internal') log.error({ err: error }, 'a function could not be run');
    return { id, failure: { code, detail: message } };
  } finally {
    aborters.delete(id);
  }
}

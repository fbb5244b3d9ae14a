import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { AppError } from '@torii/contracts';
import { createLogger, systemClock } from '@torii/service-kit';
import type { Guest } from '../guest.js';
import { GuestMemory } from '../guest-memory.js';
import { GuestRun } from '../guest-run.js';
import { TurnQueue } from '../turn-queue.js';
import { pollOneoff } from './poll-oneoff.js';

it('leaves nothing behind when a sleep is over, however many there are in one call', async () => {
  const log = createLogger({ level: 'silent', app: 'test' });
  const limits = { cpuMs: 1_000, hostCallsMax: 100, httpCallsMax: 10 };
  const run = new GuestRun({ limits, wallMs: 10_000, log, clock: systemClock, turns: new TurnQueue(), signal: undefined });
  const memory = new GuestMemory({ buffer: new ArrayBuffer(65_536) } as WebAssembly.Memory);
  memory.setU32(16, 1);
  memory.setU64(24, 1_000_000n);
  const guest = { run, memory, clock: systemClock } as Guest;
  for (let round = 0; round < 3; round += 1) expect(await pollOneoff(guest, [0, 1024, 1, 2048])).toBe(0);
  expect(getEventListeners(run.signal, 'abort')).toHaveLength(0);
  run.end(new AppError('client.gone'));
});

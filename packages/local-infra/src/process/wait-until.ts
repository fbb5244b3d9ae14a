import { setTimeout as sleep } from 'node:timers/promises';

const pollIntervalMs = 20;

/** Asks again and again until the answer is yes; false when it was not within `timeoutMs`. */
export async function waitUntil(isDone: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await isDone())) {
    if (performance.now() >= deadlineMs) return false;
    await sleep(pollIntervalMs);
  }
  return true;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { TakenBuild } from '@torii/build-queue';
import type { Logger } from '@torii/service-kit';

const retryMs = 250;
/** Longer than a build is held without an answer of Redis: then it is lost, and begun again by whoever finds it. */
const giveUpMs = 30_000;

/** Tells the queue how a build ended, again and again while Redis is away and the build is still held. Never rejects. */
export async function giveAway(taken: TakenBuild, end: () => Promise<void>, log: Logger): Promise<void> {
  const giveUpAtMs = performance.now() + giveUpMs;
  for (;;) {
    try {
      await end();
      return;
    } catch (error) {
      if (taken.lost.aborted || performance.now() >= giveUpAtMs) {
        taken.abandon();
        log.warn({ err: error, build: taken.job.buildId }, 'build lost before its end could be told');
        return;
      }
    }
    await sleep(retryMs);
  }
}

import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@torii/service-kit';
import { BuildLoop } from '../src/builds/build-loop.js';
import { Languages } from '../src/languages/languages.js';
import { BuilderMetrics } from '../src/metrics.js';
import { ABuilder, aSource, silent } from './a-builder.js';

describe('the loop that takes builds', () => {
  const setting = new ABuilder();
  afterEach(() => setting.close());

  it('hands back the build that it is given while it stops', async () => {
    await setting.open();
    const languages = new Languages([setting.compiler]);
    await languages.detect();
    const intake = setting.intake();
    intake.open('wat');
    const never = (): Promise<never> => new Promise(() => undefined);
    const loop = new BuildLoop({
      intake,
      languages,
      ...setting.connected,
      keys: setting.keys,
      slots: 1,
      timeoutMs: 60_000,
      deps: { controlPlane: { cachedBuild: never } } as never,
      metrics: new BuilderMetrics(),
      clock: systemClock,
      log: silent,
      onChange: () => undefined,
    });
    const job = await setting.add(setting.job(aSource()));
    try {
      loop.start();
      await loop.stop(0);
      expect(await setting.queues.find(job.language, job.buildId)).toMatchObject({ state: 'waiting' });
      expect(loop.runningCount).toBe(0);
    } finally {
      await loop.stop(0);
      await intake.closeAll();
    }
  });
});

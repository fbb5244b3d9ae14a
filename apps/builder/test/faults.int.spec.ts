import { stat } from 'node:fs/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { BuildCancellation, BuilderRegistry } from '@torii/build-queue';
import { eventually, type OwnRedis, startOwnRedis } from '@torii/test-kit';
import { ABuilder, aSource, shortHold } from './a-builder.js';

describe('a builder whose surroundings fail', () => {
  let setting: ABuilder | undefined;
  let own: OwnRedis | undefined;
  afterEach(async () => {
    await setting?.close();
    await own?.stop();
    own = undefined;
  });

  it('lets builds wait while the control plane is away, and does not count that against them', async () => {
    setting = new ABuilder();
    await setting.open();
    await setting.controlPlane.stop();
    await setting.start();
    const job = await setting.add(setting.job(aSource()));
    await eventually(async () => (await setting?.lines(job))?.some((line) => line.includes('the control plane does not answer')) === true);
    await setting.controlPlane.start();
    const outcome = await setting.outcome(job);
    expect(outcome.status).toBe('succeeded');
  });

  it('lets builds wait while the control plane answers 503, 429 or 401', async () => {
    const waitsWhile = async (status: number): Promise<void> => {
      const one = new ABuilder();
      try {
        await one.start();
        one.controlPlane.failWith = status;
        const job = await one.add(one.job(aSource()));
        await eventually(async () => (await one.lines(job)).some((line) => line.includes(`${status}`)));
        one.controlPlane.failWith = undefined;
        expect(await one.outcome(job)).toMatchObject({ status: 'succeeded' });
      } finally {
        await one.close();
      }
    };
    await Promise.all([503, 429, 401].map(waitsWhile));
  });

  it('finishes the build under way when Redis goes and comes back, and takes the next', async () => {
    own = await startOwnRedis();
    setting = new ABuilder({ redisUrl: own.url });
    await setting.start();
    const { compiler } = setting;
    const job = await setting.add(setting.job(aSource('wait 3000')));
    await eventually(() => compiler.compiled.length === 1);
    await own.stop();
    await own.start();
    const outcome = await setting.outcome(job);
    expect(outcome.status).toBe('succeeded');
    expect((await setting.build(aSource())).status).toBe('succeeded');
  });

  it('goes on after Redis has lost everything, with what is added again', async () => {
    own = await startOwnRedis();
    setting = new ABuilder({ redisUrl: own.url });
    await setting.start();
    const { compiler, redis, keys } = setting;
    const job = await setting.add(setting.job(aSource('wait 60000')));
    await eventually(() => compiler.compiled.length === 1);
    await own.stop({ loseData: true });
    await own.start();
    await eventually(async () => (await new BuilderRegistry(redis, keys).list()).length === 1);
    const again = setting.job(aSource(), { buildId: job.buildId });
    await eventually(() => setting?.add(again));
    expect((await setting.outcome(again)).status).toBe('succeeded');
  });

  it('keeps a build apart from an earlier attempt at it that was lost and has not ended yet', async () => {
    own = await startOwnRedis();
    setting = new ABuilder({ redisUrl: own.url, hold: shortHold });
    await setting.start({ TORII_BUILD_SLOTS: '2' });
    const { compiler, redis, keys } = setting;
    const registry = new BuilderRegistry(redis, keys);
    const running = async (): Promise<number | undefined> => (await registry.list())[0]?.running;
    const lost = await setting.add(setting.job(aSource('hang')));
    await eventually(() => compiler.compiled.length === 1);
    await redis.flushall();
    const again = await setting.add(setting.job(aSource('hold 60000'), { buildId: lost.buildId }));
    await eventually(() => compiler.folders.length === 1);
    await eventually(async () => (await running()) === 2);
    await eventually(async () => (await running()) === 1);
    expect((await stat(compiler.folders[0] ?? '')).isDirectory()).toBe(true);
    await new BuildCancellation({ redis, keys }).request(lost.buildId);
    expect(await setting.outcome(again)).toMatchObject({ status: 'cancelled' });
  });

  it('does not blame a source for the time that the control plane takes', async () => {
    setting = new ABuilder();
    await setting.start({ TORII_BUILD_TIMEOUT_MS: '300' });
    setting.controlPlane.holdUploads();
    setting.controlPlane.holdsEverything = true;
    const job = await setting.add(setting.job(aSource()));
    await eventually(async () => (await setting?.lines(job))?.some((line) => line.includes('the control plane')) === true);
    await eventually(async () => expect(await setting?.queues.find(job.language, job.buildId)).toMatchObject({ state: 'waiting' }));
    setting.controlPlane.releaseUploads();
  });

  it('starts without Redis, says that it is not ready, and works once Redis is there', async () => {
    own = await startOwnRedis();
    setting = new ABuilder({ redisUrl: own.url });
    await setting.open();
    await own.stop();
    await setting.start();
    const { internalUrl } = setting;
    const readyz = async (): Promise<number> => (await fetch(`${internalUrl}/readyz`)).status;
    expect(await readyz()).toBe(503);
    await own.start();
    await eventually(async () => (await readyz()) === 200);
    const job = setting.job(aSource());
    await eventually(() => setting?.add(job));
    expect((await setting.outcome(job)).status).toBe('succeeded');
  });

  it('hands back what is not done in time when it stops, and leaves at once', async () => {
    setting = new ABuilder();
    await setting.start({ TORII_BUILD_DRAIN_MS: '200' });
    const { compiler, redis, keys } = setting;
    const job = await setting.add(setting.job(aSource('wait 60000')));
    await eventually(() => compiler.compiled.length === 1);
    await setting.stopBuilder();
    expect(await setting.queues.find(job.language, job.buildId)).toEqual({ state: 'waiting', attempts: 1 });
    expect(await new BuilderRegistry(redis, keys).list()).toEqual([]);
    expect((await setting.lines(job)).at(-1)).toBe('the builder stops: another one begins the build again');
  });

  it('finishes what is done in time when it stops, and takes nothing more', async () => {
    setting = new ABuilder();
    await setting.start();
    const { compiler } = setting;
    const job = await setting.add(setting.job(aSource('wait 2000')));
    const next = await setting.add(setting.job(aSource()));
    await eventually(() => compiler.compiled.length === 1);
    await setting.stopBuilder();
    expect((await setting.outcome(job)).status).toBe('succeeded');
    expect(await setting.queues.find(next.language, next.buildId)).toEqual({ state: 'waiting', attempts: 0 });
  });
});

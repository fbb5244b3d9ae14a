import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BuilderRegistry } from '@torii/build-queue';
import type { LanguageStatus } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { LanguageWatch } from '../src/languages/language-watch.js';
import { Languages } from '../src/languages/languages.js';
import { ABuilder, aSource, present, silent } from './a-builder.js';

describe('the languages of a builder', () => {
  let setting: ABuilder;
  beforeEach(() => {
    setting = new ABuilder();
  });
  afterEach(() => setting.close());

  const announced = async (): Promise<LanguageStatus[]> => (await new BuilderRegistry(setting.redis, setting.keys).list())[0]?.languages ?? [];

  it('are announced with why one is not there, whose builds stay in the queue, and the builder is not ready without any', async () => {
    setting.compiler.isThere = false;
    await setting.start();
    await eventually(async () => expect(await announced()).toEqual([{ name: 'wat', available: false, reason: 'It was taken away: bring it back.' }]));
    const job = await setting.add(setting.job(aSource()));
    expect((await fetch(`${setting.internalUrl}/readyz`)).status).toBe(503);
    expect(await setting.queues.find(job.language, job.buildId)).toEqual({ state: 'waiting', attempts: 0 });
  });

  it('come and go while it runs: builds of one that is gone wait until it is back', async () => {
    await setting.open();
    const { compiler } = setting;
    const languages = new Languages([compiler]);
    const intake = setting.intake();
    let changes = 0;
    const watch = new LanguageWatch({ languages, intake, log: silent, onChange: () => changes++, intervalMs: 5 });
    try {
      await watch.start();
      expect(languages.find('wat')).toMatchObject({ toolchain: { test: '1' } });
      const job = await setting.add(setting.job(aSource()));
      compiler.isThere = false;
      await eventually(() => languages.find('wat') === undefined);
      await eventually(() => expect(intake.take('wat')).rejects.toThrow('not open'));
      compiler.isThere = true;
      const taken = await eventually(async () => present(await intake.take('wat')));
      expect(taken.job).toEqual(job);
      await eventually(() => expect(changes).toBe(3));
      taken.abandon();
    } finally {
      watch.stop();
      await intake.closeAll();
    }
  });

  it('are not there when looking for them fails, and the others are', async () => {
    const broken = Object.assign(Object.create(setting.compiler), { language: 'go', detect: () => Promise.reject(new Error('no such disk')) });
    const languages = new Languages([broken, setting.compiler]);
    expect(await languages.detect()).toBe(true);
    expect(languages.available).toEqual(['wat']);
    expect(languages.all[0]).toEqual({ name: 'go', available: false, reason: 'Looking for its tools failed: no such disk' });
    expect(await languages.detect()).toBe(false);
  });
});

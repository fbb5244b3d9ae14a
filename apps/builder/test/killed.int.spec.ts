import { afterEach, describe, expect, it } from '@jest/globals';
import { BuilderRegistry } from '@torii/build-queue';
import { eventually, type RunningBuilder, spawnBuilder } from '@torii/test-kit';
import { ABuilder, aSource } from './a-builder.js';

describe('a builder that is killed', () => {
  let setting: ABuilder;
  const builders: RunningBuilder[] = [];
  afterEach(async () => {
    await Promise.all(builders.splice(0).map((builder) => builder.kill()));
    await setting.close();
  });

  async function spawn(): Promise<RunningBuilder> {
    const { TORII_HOME: _, ...env } = setting.env();
    const builder = await spawnBuilder({ env });
    builders.push(builder);
    return builder;
  }

  it('loses no build: the one it was at is begun again by another one, and the others follow', async () => {
    setting = new ABuilder();
    await setting.open();
    setting.controlPlane.holdUploads();
    const killed = await spawn();
    const jobs = [];
    for (let index = 0; index < 5; index++) jobs.push(await setting.add(setting.job(aSource('', `${index}`))));
    await eventually(() => setting.controlPlane.requests.some((request) => request.startsWith('PUT')));
    await killed.kill();
    setting.controlPlane.releaseUploads();
    await spawn();
    const outcomes = [];
    for (const job of jobs) outcomes.push(await setting.outcome(job));
    expect(outcomes.map(({ status, attempts }) => ({ status, attempts }))).toEqual([
      { status: 'succeeded', attempts: 2 },
      ...Array.from({ length: 4 }, () => ({ status: 'succeeded', attempts: 1 })),
    ]);
    expect((await setting.lines(jobs[0] ?? setting.job(''))).filter((line) => line.includes('begun again'))).toHaveLength(1);
  });

  it('stops in good order on SIGTERM, and says which languages it has until then', async () => {
    setting = new ABuilder();
    await setting.open();
    const builder = await spawn();
    const registry = new BuilderRegistry(setting.redis, setting.keys);
    const [status] = await eventually(async () => {
      const list = await registry.list();
      expect(list).toHaveLength(1);
      return list;
    });
    expect(status?.internalUrl).toBe(builder.internalUrl);
    expect(status?.languages).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'wat', available: true })]));
    for (const language of status?.languages ?? []) if (!language.available) expect(language.reason).toMatch(/\w+ .+/);
    expect(await builder.stop()).toBe(0);
    expect(await registry.list()).toEqual([]);
  });
});

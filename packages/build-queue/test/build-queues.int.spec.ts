import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startOwnRedis, testRedis } from '@torii/test-kit';
import { BuildEvents, BuildIntake, BuildQueues, buildKeys, type HoldTimes, type TakenBuild } from '../src/index.js';
import { aBuildJob, succeeded } from './a-build.js';
import { type Connections, connect } from './connections.js';

/** What is taken and abandoned is looked for soon. */
const hold: HoldTimes = { lockMs: 6_000, lockRenewalMs: 1_000, stalledIntervalMs: 1_000 };

describe('the queues of builds', () => {
  let connections: Connections;
  let queues: BuildQueues;
  let intake: BuildIntake;
  let arrivals = 0;
  const taken: TakenBuild[] = [];

  beforeEach(async () => {
    const { url, keyPrefix } = testRedis();
    connections = await connect(url);
    const keys = buildKeys(keyPrefix);
    queues = new BuildQueues({ connection: connections.redis, keys });
    arrivals = 0;
    intake = new BuildIntake({ ...connections, keys, onArrival: () => arrivals++, hold });
    intake.open('wat');
    intake.open('go');
  });
  afterEach(async () => {
    for (const build of taken.splice(0)) build.abandon();
    await intake.closeAll();
    await queues.close();
    connections.close();
  });

  async function take(language: 'wat' | 'go' = 'wat'): Promise<TakenBuild> {
    const build = await intake.take(language);
    if (build === undefined) throw new Error('no build is waiting');
    taken.push(build);
    return build;
  }

  it('gives builds out in the order they came, each to one builder, with all they were added with', async () => {
    const jobs = [aBuildJob(), aBuildJob({ functionNames: ['a', 'b'] }), aBuildJob({ version: '1.2.0' })];
    for (const job of jobs) await queues.add(job);
    expect([(await take()).job, (await take()).job, (await take()).job]).toEqual(jobs);
    expect(await intake.take('wat')).toBeUndefined();
    expect(await intake.take('go')).toBeUndefined();
  });

  it('rings when a build is added', async () => {
    await eventually(() => arrivals > 0); // it is listening
    arrivals = 0;
    await queues.add(aBuildJob());
    await eventually(() => arrivals > 0);
  });

  it('keeps one job for a build however often it is added, also when it is over', async () => {
    const job = aBuildJob();
    await queues.add(job);
    await queues.add(job);
    await (await take()).complete(succeeded);
    await queues.add(job);
    expect(await intake.take('wat')).toBeUndefined();
    expect(await queues.find('wat', job.buildId)).toEqual({ state: 'completed', outcome: succeeded, attempts: 1 });
  });

  it('finds a build in every state', async () => {
    const job = aBuildJob();
    expect(await queues.find('wat', job.buildId)).toEqual({ state: 'missing', attempts: 0 });
    await queues.add(job);
    expect(await queues.find('wat', job.buildId)).toEqual({ state: 'waiting', attempts: 0 });
    const build = await take();
    expect(await queues.find('wat', job.buildId)).toEqual({ state: 'active', attempts: 1 });
    await build.giveUp('the disk is full');
    expect(await queues.find('wat', job.buildId)).toEqual({ state: 'failed', attempts: 1, failedReason: 'the disk is full' });
  });

  it('removes a build that has not begun, and says so; one under way stays, one that is over goes', async () => {
    const waiting = aBuildJob();
    await queues.add(waiting);
    expect(await queues.remove('wat', waiting.buildId)).toBe(true);
    expect(await queues.find('wat', waiting.buildId)).toMatchObject({ state: 'missing' });
    expect(await queues.remove('wat', waiting.buildId)).toBe(false);

    const begun = aBuildJob();
    await queues.add(begun);
    const build = await take();
    expect(await queues.remove('wat', begun.buildId)).toBe(false);
    await build.complete(succeeded);
    expect(await queues.remove('wat', begun.buildId)).toBe(false);
    expect(await queues.find('wat', begun.buildId)).toMatchObject({ state: 'missing' });
  });

  it('tries a build again after a fault of ours, three times in all', async () => {
    const job = aBuildJob();
    await queues.add(job);
    for (const attempts of [1, 2, 3]) {
      const build = await eventually(() => take());
      expect(build.attempts).toBe(attempts);
      await build.fail(new Error(`fault ${attempts}`));
    }
    expect(await queues.find('wat', job.buildId)).toEqual({ state: 'failed', attempts: 3, failedReason: 'fault 3' });
  });

  it('does not count a build that is handed back or postponed as failed, and gives what is handed back out first', async () => {
    const first = aBuildJob();
    await queues.add(first);
    await queues.add(aBuildJob());
    for (let times = 0; times < 4; times++) await (await take()).handBack();
    await (await take()).postpone(1);
    expect(await queues.find('wat', first.buildId)).toEqual({ state: 'waiting', attempts: 5 });
    const seen = await eventually(async () => {
      const build = await take();
      expect(build.job.buildId).toBe(first.buildId);
      return build;
    });
    expect(seen.attempts).toBe(6);
  });

  it('gives a build whose builder went silent to another one, and tells the first when it comes back', async () => {
    const job = aBuildJob();
    await queues.add(job);
    const dead = await take();
    dead.abandon();
    const again = await eventually(() => take());
    expect(again.job).toEqual(job);
    expect(again.attempts).toBe(2);
    await expect(dead.complete(succeeded)).rejects.toThrow();
    await again.complete(succeeded);
    expect(await queues.find('wat', job.buildId)).toMatchObject({ state: 'completed' });
  });

  it('still finds builds whose builder went silent, and tells of their ends, after Redis was away', async () => {
    const server = await startOwnRedis();
    const own = await connect(server.url);
    const keys = buildKeys('own');
    const ownQueues = new BuildQueues({ connection: own.redis, keys });
    const ownIntake = new BuildIntake({ ...own, keys, onArrival: () => undefined, hold });
    const events = new BuildEvents({ connection: own.redis, keys });
    const completed: string[] = [];
    events.on('completed', ({ buildId }) => completed.push(buildId));
    /** Events are read from some moment after Redis is back: a build of which it hears shows that they are. */
    const untilHeard = async (language: 'wat' | 'go'): Promise<void> => {
      const attempt = async (): Promise<void> => {
        const probe = aBuildJob({ language });
        await ownQueues.add(probe);
        await (await ownIntake.take(language))?.complete(succeeded);
        await eventually(() => completed.includes(probe.buildId), { timeoutMs: 1_000 });
      };
      await eventually(attempt);
    };
    try {
      ownIntake.open('wat');
      const job = aBuildJob();
      await ownQueues.add(job);
      (await ownIntake.take('wat'))?.abandon();
      await server.stop();
      ownIntake.open('go'); // one that is opened meanwhile
      await server.start();
      const again = await eventually(async () => {
        const build = await ownIntake.take('wat');
        if (build === undefined) throw new Error('it is still held');
        return build;
      });
      expect(again.job).toEqual(job);
      await untilHeard('wat');
      await again.complete(succeeded);
      await untilHeard('go');
      const other = aBuildJob({ language: 'go' });
      await ownQueues.add(other);
      const build = await ownIntake.take('go');
      expect(build?.job).toEqual(other);
      await build?.complete(succeeded);
      await eventually(() => expect(completed).toEqual(expect.arrayContaining([job.buildId, other.buildId])));
    } finally {
      await ownIntake.closeAll();
      await ownQueues.close();
      await events.close();
      own.close();
      await server.stop();
    }
  });

  it('refuses a job that it cannot read, and goes on with the next', async () => {
    const unreadable = { ...aBuildJob(), schemaVersion: 99 };
    await queues.add(unreadable as never);
    const job = aBuildJob();
    await queues.add(job);
    expect((await take()).job).toEqual(job);
    expect(await queues.find('wat', unreadable.buildId)).toMatchObject({
      state: 'failed',
      failedReason: expect.stringContaining('cannot read the job'),
    });
  });

  it('tells of every step of a build', async () => {
    const { url, keyPrefix } = testRedis();
    const keys = buildKeys(keyPrefix);
    const own = await connect(url);
    const events = new BuildEvents({ connection: own.redis, keys });
    const told: unknown[] = [];
    for (const name of ['active', 'stage', 'completed', 'failed'] as const) events.on(name, (event) => told.push([name, event]));
    const ownQueues = new BuildQueues({ connection: own.redis, keys });
    const ownIntake = new BuildIntake({ ...own, keys, onArrival: () => undefined, hold });
    ownIntake.open('rust');
    try {
      // Events are read from now on: a first build shows that they are.
      await eventually(async () => {
        const probe = aBuildJob({ language: 'rust' });
        await ownQueues.add(probe);
        await (await ownIntake.take('rust'))?.handBack();
        await ownQueues.remove('rust', probe.buildId);
        return told.length > 0;
      });
      told.splice(0);
      const job = aBuildJob({ language: 'rust' });
      const hopeless = aBuildJob({ language: 'rust' });
      await ownQueues.add(job);
      await ownQueues.add(hopeless);
      const build = await ownIntake.take('rust');
      await build?.stage('compiling');
      await build?.complete(succeeded);
      await (await ownIntake.take('rust'))?.giveUp('no disk');
      const of = { buildId: job.buildId, language: 'rust' };
      await eventually(() => {
        const seen = told.filter((entry) => JSON.stringify(entry).includes(job.buildId) || JSON.stringify(entry).includes(hopeless.buildId));
        expect(seen).toEqual([
          ['active', of],
          ['stage', { ...of, stage: 'compiling', attempts: 1 }],
          ['completed', { ...of, outcome: succeeded }],
          ['active', { buildId: hopeless.buildId, language: 'rust' }],
          ['failed', { buildId: hopeless.buildId, language: 'rust', failedReason: 'no disk' }],
        ]);
      });
    } finally {
      await ownIntake.closeAll();
      await ownQueues.close();
      await events.close();
      own.close();
    }
  });
});

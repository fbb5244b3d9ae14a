import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BuildCancellation, BuilderRegistry } from '@torii/build-queue';
import { sha256 } from '@torii/config-sync';
import { buildLogLimits, diagnosticsMax } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { ABuilder, aSource, shortHold } from './a-builder.js';

describe('a build', () => {
  let setting: ABuilder;
  beforeEach(() => {
    setting = new ABuilder();
  });
  afterEach(() => setting.close());

  it('makes a module that is stored under its hash, with its stages in the log and its times in the outcome', async () => {
    await setting.start();
    const job = await setting.add(setting.job(aSource()));
    const outcome = await setting.outcome(job);
    expect(outcome).toMatchObject({
      status: 'succeeded',
      cached: false,
      attempts: 1,
      toolchain: { test: '1' },
      warnings: [{ message: 'a warning', file: 'main.wat' }],
      smoke: { functionName: 'run', outcome: expect.any(String) },
      timings: { fetching: expect.any(Number), compiling: expect.any(Number), storing: expect.any(Number) },
    });
    const [digest, wasm] = [...setting.controlPlane.artifacts][0] ?? ['', new Uint8Array()];
    expect(outcome).toMatchObject({ sha256: digest });
    expect(sha256(wasm)).toBe(digest);
    const stages = (await setting.lines(job)).filter((line) => line.startsWith('['));
    expect(stages).toEqual(['[fetching]', '[compiling]', '[verifying]', '[preparing]', '[smoke]', '[storing]']);
  });

  it('fails once, with what the compiler says and where, when the source does not compile', async () => {
    await setting.start();
    const outcome = await setting.build(aSource('refuse'));
    expect(outcome).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'build.compile_failed', detail: 'It does not compile: change line 3.', diagnostics: [{ line: 3, column: 7 }] },
    });
    expect(setting.controlPlane.artifacts.size).toBe(0);
  });

  it('fails when its entry is not among the files, without compiling', async () => {
    await setting.start();
    expect(await setting.build(aSource(), { entry: 'other.wat' })).toMatchObject({ status: 'failed', error: { code: 'build.missing_entry' } });
    expect(setting.compiler.compiled).toEqual([]);
  });

  it('fails when its module cannot run here, naming what is wrong', async () => {
    await setting.start();
    const outcome = await setting.build('(module (import "env" "proxy_plugin_map_gte" (func)) (func (export "run")))');
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'build.artifact_rejected', detail: expect.stringContaining('proxy_plugin_map_get') },
    });
  });

  it('fails when its module traps as it begins', async () => {
    await setting.start();
    const outcome = await setting.build('(module (func $start unreachable) (start $start) (func (export "run") (result i32) i32.const 0))');
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'build.smoke_failed' } });
  });

  it('tells how it ended, however much its compiler says', async () => {
    await setting.start();
    const outcome = await setting.build(aSource('rant'));
    if (outcome.status !== 'failed') throw new Error(JSON.stringify(outcome));
    expect(outcome.error.code).toBe('build.compile_failed');
    expect(outcome.error.diagnostics).toHaveLength(diagnosticsMax);
    expect(outcome.error.diagnostics[0]).toEqual({ severity: 'error', message: `\ufffd${'x'.repeat(7_999)}`, file: 'f'.repeat(512) });
  });

  it('tells how it ended, however long the names in its module are', async () => {
    await setting.start();
    const functions = ['a', 'b', 'c'].map((letter) => `(func (export "${letter.repeat(3_000)}"))`).join(' ');
    expect(await setting.build(`(module ${functions})`)).toMatchObject({ status: 'succeeded', smoke: { outcome: 'not_called' } });
    expect(await setting.build(`(module (func (export "${'d'.repeat(4_096)}")))`)).toMatchObject({ status: 'succeeded' });
  });

  it('is tried three times after a fault of ours, and then given up with the last reason', async () => {
    await setting.start();
    const job = await setting.add(setting.job(aSource('fault')));
    const found = await eventually(async () => {
      const now = await setting.queues.find(job.language, job.buildId);
      return now.state === 'failed' && now;
    });
    expect(found).toMatchObject({ attempts: 3, failedReason: 'the disk is full' });
  });

  it('ends at its deadline, even when its compiler does not, and the next one runs', async () => {
    await setting.start({ TORII_BUILD_TIMEOUT_MS: '1500' });
    const hanging = await setting.add(setting.job(aSource('hang')));
    const slow = await setting.add(setting.job(aSource('wait 60000')));
    for (const job of [hanging, slow]) {
      expect(await setting.outcome(job)).toMatchObject({
        status: 'failed',
        error: { code: 'build.deadline_exceeded', detail: expect.stringContaining('1.5 seconds') },
      });
    }
  });

  it('stays with its builder for longer than the queue holds it without a word', async () => {
    setting = new ABuilder({ hold: shortHold });
    await setting.start();
    const job = await setting.add(setting.job(aSource(`wait ${shortHold.lockMs + 2 * shortHold.stalledIntervalMs}`)));
    expect(await setting.outcome(job)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(setting.compiler.compiled).toHaveLength(1);
  });

  it('is cancelled while it compiles', async () => {
    await setting.start();
    const job = await setting.add(setting.job(aSource('wait 60000')));
    await eventually(() => setting.compiler.compiled.length === 1);
    await new BuildCancellation({ redis: setting.redis, keys: setting.keys }).request(job.buildId);
    expect(await setting.outcome(job)).toMatchObject({ status: 'cancelled', attempts: 1 });
  });

  it('is cancelled while its sources are fetched', async () => {
    await setting.start();
    setting.controlPlane.holdUploads();
    setting.controlPlane.holdsEverything = true;
    const job = await setting.add(setting.job(aSource()));
    await eventually(() => setting.controlPlane.requests.length > 0);
    await new BuildCancellation({ redis: setting.redis, keys: setting.keys }).request(job.buildId);
    expect(await setting.outcome(job)).toMatchObject({ status: 'cancelled', attempts: 1 });
    setting.controlPlane.releaseUploads();
  });

  it('is cancelled while its module is stored', async () => {
    await setting.start();
    setting.controlPlane.holdUploads();
    const job = await setting.add(setting.job(aSource()));
    await eventually(async () => (await setting.lines(job)).some((line) => line.includes('smoke call')));
    await new BuildCancellation({ redis: setting.redis, keys: setting.keys }).request(job.buildId);
    expect(await setting.outcome(job)).toMatchObject({ status: 'cancelled', attempts: 1 });
    setting.controlPlane.releaseUploads();
  });

  it('is tried again when its module is refused, and then given up with what was answered', async () => {
    await setting.start();
    setting.controlPlane.refusesUploadsWith = 422;
    const job = await setting.add(setting.job(aSource()));
    const found = await eventually(async () => {
      const now = await setting.queues.find(job.language, job.buildId);
      return now.state === 'failed' && now;
    });
    expect(found).toMatchObject({ attempts: 3, failedReason: expect.stringContaining('answered 422 for a module that was built') });
  });

  it('is cancelled when that was asked for before a builder took it', async () => {
    await setting.open();
    const job = await setting.add(setting.job(aSource()));
    await new BuildCancellation({ redis: setting.redis, keys: setting.keys }).request(job.buildId);
    await setting.start();
    expect(await setting.outcome(job)).toMatchObject({ status: 'cancelled' });
    expect(setting.compiler.compiled).toEqual([]);
  });

  it('takes the module of an earlier build of the same source, whichever function it was for', async () => {
    await setting.start();
    const first = await setting.build(aSource());
    if (first.status !== 'succeeded') throw new Error(JSON.stringify(first));
    setting.controlPlane.cache.set(first.cacheKey, { sha256: first.sha256, toolchain: first.toolchain, warnings: first.warnings });
    const second = await setting.build(aSource(), { functionName: 'another' });
    expect(second).toMatchObject({ status: 'succeeded', cached: true, sha256: first.sha256, warnings: first.warnings });
    expect(setting.compiler.compiled).toEqual(['hello']);
  });

  it('is built again when the module of the earlier build is not there any more', async () => {
    await setting.start();
    const first = await setting.build(aSource());
    if (first.status !== 'succeeded') throw new Error(JSON.stringify(first));
    setting.controlPlane.cache.set(first.cacheKey, { sha256: '0'.repeat(64), toolchain: first.toolchain, warnings: [] });
    expect(await setting.build(aSource())).toMatchObject({ status: 'succeeded', cached: false, sha256: first.sha256 });
  });

  it('has a key of its own when something stands in for what could not be fetched', async () => {
    await setting.start();
    const outcomes = [await setting.build(aSource('makeshift')), await setting.build(aSource('makeshift'))];
    expect(new Set(outcomes.map((outcome) => (outcome.status === 'succeeded' ? outcome.cacheKey : outcome))).size).toBe(2);
  });

  it('has another key for another entry, other functions and another source', async () => {
    await setting.start();
    const outcomes = [
      await setting.build(aSource()),
      await setting.build(aSource(), { functionNames: ['run'] }),
      await setting.build(aSource('', 'changed')),
    ];
    const keys = outcomes.map((outcome) => (outcome.status === 'succeeded' ? outcome.cacheKey : outcome));
    expect(new Set(keys).size).toBe(3);
  });

  it('is not held up by a flood of output, of which the log keeps what it may', async () => {
    await setting.start();
    const job = await setting.add(setting.job(aSource('flood 200')));
    expect(await setting.outcome(job)).toMatchObject({ status: 'succeeded' });
    const lines = await setting.lines(job);
    expect(lines.length).toBeLessThanOrEqual(buildLogLimits.linesMax + 10);
    expect(lines.filter((line) => line.includes('the log is full'))).toHaveLength(1);
    expect(lines.at(-1)).toBe('[storing]');
  });

  it('has a folder of its own that nobody else may read, and that is gone afterwards', async () => {
    await setting.start();
    const job = await setting.add(setting.job(aSource('folder')));
    await setting.outcome(job);
    const [folder = ''] = setting.compiler.folders;
    expect(path.relative(path.join(setting.home, 'builds'), folder)).toMatch(/^br_[^/]+\/bd_[^/]+$/);
    await expect(stat(folder)).rejects.toThrow('ENOENT');
    await setting.stopBuilder();
    expect(await readdir(path.join(setting.home, 'builds'))).toEqual([]);
  });

  it('is taken in the order it was asked for, a hundred in a row', async () => {
    await setting.open();
    const jobs = [];
    for (let index = 0; index < 100; index++) jobs.push(await setting.add(setting.job(aSource('', `${index}`), { functionName: `f${index}` })));
    await setting.start();
    for (const job of jobs) expect(await setting.outcome(job, 150_000)).toMatchObject({ status: 'succeeded' });
    expect(setting.compiler.compiled).toEqual(jobs.map(({ functionName }) => functionName));
  });

  it('never runs beside more builds than there are slots', async () => {
    await setting.start({ TORII_BUILD_SLOTS: '2' });
    const jobs = [];
    for (let index = 0; index < 4; index++) jobs.push(await setting.add(setting.job(aSource('wait 60000', `${index}`))));
    await eventually(() => setting.compiler.compiled.length === 2);
    const states = await Promise.all(jobs.map(async ({ language, buildId }) => (await setting.queues.find(language, buildId)).state));
    expect(states).toEqual(['active', 'active', 'waiting', 'waiting']);
    await eventually(async () => {
      const [builder] = await new BuilderRegistry(setting.redis, setting.keys).list();
      expect(builder).toMatchObject({ slots: 2, running: 2 });
    });
    const cancellation = new BuildCancellation({ redis: setting.redis, keys: setting.keys });
    for (const { buildId } of jobs) await cancellation.request(buildId);
    for (const job of jobs) expect(await setting.outcome(job)).toMatchObject({ status: 'cancelled' });
  });
});

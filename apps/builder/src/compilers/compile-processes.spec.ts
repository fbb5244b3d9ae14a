import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { processesWith } from '../../test/a-sandbox.js';
import { CompileProcesses, type CompileProcessesOptions } from './compile-processes.js';

interface Deed {
  readonly deed: 'pid' | 'environment' | 'exit' | 'fillHeap' | 'loop' | 'reach';
  readonly isSpent?: boolean;
}

const entry = new URL('../../test/obedient-compiler.mjs', import.meta.url);
const memoryMaxBytes = 128 * 1024 * 1024;

describe('CompileProcesses', () => {
  const opened: CompileProcesses<Deed, unknown>[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((processes) => processes.close())));

  function open(options: CompileProcessesOptions = {}): (job: Deed, signal?: AbortSignal) => Promise<unknown> {
    const processes = new CompileProcesses<Deed, unknown>(entry, options);
    opened.push(processes);
    return (job, signal = new AbortController().signal) => processes.run(job, { signal, memoryMaxBytes });
  }

  it('keeps a process warm for the next job, and gives those at the same time one each', async () => {
    const run = open({ idleMax: 1 });
    const [first, second] = await Promise.all([run({ deed: 'pid' }), run({ deed: 'pid' })]);
    expect(first).not.toBe(second);
    expect([first, second]).toContain(await run({ deed: 'pid' }));
    await eventually(() => expect([first, second].filter(isAlive)).toHaveLength(1));
  });

  it('gives a process up after its last job, and one that says it is spent', async () => {
    const run = open({ jobsMax: 2 });
    const [first, second, third] = [await run({ deed: 'pid' }), await run({ deed: 'pid' }), await run({ deed: 'pid', isSpent: true })];
    expect(first).toBe(second);
    expect(third).not.toBe(second);
    expect(await run({ deed: 'pid' })).not.toBe(third);
  });

  it('ends a process that had no work for a while', async () => {
    const run = open({ idleMs: 50 });
    const pid = await run({ deed: 'pid' });
    await eventually(() => expect(isAlive(pid)).toBe(false));
    expect(await run({ deed: 'pid' })).not.toBe(pid);
  });

  it('tells how a process ended, and does the next job in another', async () => {
    const run = open();
    await expect(run({ deed: 'exit' })).rejects.toThrow('ended with 7');
    expect(await run({ deed: 'pid' })).toEqual(expect.any(Number));
  });

  it('survives a process that uses up its heap, and says that it was memory', async () => {
    const run = open();
    await expect(run({ deed: 'fillHeap' })).rejects.toMatchObject({ code: 'build.memory_exceeded' });
    expect(await run({ deed: 'pid' })).toEqual(expect.any(Number));
  });

  it('kills a process in the middle of an endless loop when the job is aborted, and rejects with the reason', async () => {
    const run = open();
    const pid = await run({ deed: 'pid' });
    const ending = new AbortController();
    const reason = new Error('cancelled');
    const looping = run({ deed: 'loop' }, ending.signal);
    ending.abort(reason);
    await expect(looping).rejects.toBe(reason);
    expect(isAlive(pid)).toBe(false);
    await expect(run({ deed: 'pid' }, ending.signal)).rejects.toBe(reason);
  });

  it('gives a process nothing of the host: no variables, no files, no programs, no network', async () => {
    const run = open();
    expect(await run({ deed: 'environment' })).not.toEqual(expect.arrayContaining(['PATH']));
    expect(await run({ deed: 'reach' })).toEqual({
      read: 'ERR_ACCESS_DENIED',
      write: 'ERR_ACCESS_DENIED',
      run: 'ERR_ACCESS_DENIED',
      connect: 'ERR_ACCESS_DENIED',
    });
  });

  it('leaves no process behind when the builder is killed in the middle of an endless job', async () => {
    const builder = spawn(process.execPath, [fileURLToPath(new URL('../../test/endless-builder.mjs', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed] = (await once(builder.stdout, 'data')) as [Buffer];
    const pid = Number(String(printed));
    expect(isAlive(pid)).toBe(true);
    builder.kill('SIGKILL');
    await eventually(() => expect(isAlive(pid)).toBe(false));
  });

  it('leaves none behind either when the builder is killed before the process has come to its job', async () => {
    // The word by which it is found.
    const bytes = String(memoryMaxBytes + process.pid);
    const builder = spawn(process.execPath, [fileURLToPath(new URL('../../test/begun-builder.mjs', import.meta.url)), bytes], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(builder.stdout, 'data');
    builder.kill('SIGKILL');
    await eventually(async () => expect(await processesWith(bytes)).toEqual([]));
  });
});

/** Whether it runs: one that has ended, and that nobody asked about yet, does not. */
function isAlive(pid: unknown): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

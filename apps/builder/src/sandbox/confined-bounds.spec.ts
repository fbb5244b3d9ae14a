import { stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { confinedProgram, mebi, processesWith, SandboxHome, someLimits } from '../../test/a-sandbox.js';
import { removeTree } from './remove-tree.js';
import { throwWhenEnded } from './throw-when-ended.js';

const home = new SandboxHome();

describe.each(['unshare', 'bubblewrap'] as const)('a program in %s', (kind) => {
  const { inside, promises } = confinedProgram(home, kind);

  promises('ends, with all that it started, when it forks without end', async () => {
    const word = `${kind}.forks`;
    const script = 'bomb() { bomb | bomb & sleep 1000; }; bomb; sleep 1000';

    const result = await inside('', { args: ['-c', script, word], bounds: { wallMs: 1_500 } });

    expect(result.exitCode).not.toBe(0);
    await eventually(async () => (await processesWith(word)).length === 0);
  });

  promises('ends at its deadline, also when it ignores signals', async () => {
    const result = await inside('trap "" TERM INT HUP; while :; do :; done', { bounds: { wallMs: 1_000 } });

    expect(result).toMatchObject({ timedOut: true, endedBy: 'deadline' });
    expect(() => throwWhenEnded('It', result, { ...someLimits, wallMs: 1_000 }, new AbortController().signal)).toThrow(
      expect.objectContaining({ code: 'build.deadline_exceeded' }),
    );
  });

  promises('ends when it has computed for long enough', async () => {
    const result = await inside('while :; do :; done', { bounds: { cpuSeconds: 1 } });

    expect(result.signal).toMatch(/^SIG(XCPU|KILL)$/);
    expect(result.timedOut).toBe(false);
  });

  promises('ends when the build is given up', async () => {
    const abort = new AbortController();
    const run = inside('echo begun; sleep 1000', { signal: abort.signal, onOutput: () => abort.abort(new Error('cancelled')) });

    await expect(run).resolves.toMatchObject({ endedBy: 'aborted' });
  });

  promises('prints no more than it may', async () => {
    const result = await inside('while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done');

    expect(result.endedBy).toBe('output');
    expect(result.output.length).toBe(someLimits.outputMaxBytes);
  });

  promises('writes no file that is larger than it may be', async () => {
    const result = await inside('exec head -c 100000000 /dev/zero >big');

    expect(result.signal).toBe('SIGXFSZ');
    expect((await stat(path.join(result.folder, 'big'))).size).toBeLessThanOrEqual(someLimits.fileMaxBytes);
  });

  promises('leaves no more on disk than it may', async () => {
    const script = 'i=0; while :; do i=$((i + 1)); head -c 1000000 /dev/zero >$i; done';
    const result = await inside(script, { bounds: { diskMaxBytes: 4 * mebi } });

    expect(result.endedBy).toBe('disk');
  });

  promises('leaves no more files than it may', async () => {
    const run = (filesMax: number) => inside('touch 1 2 3 4 5 6 7 8', { bounds: { diskMaxBytes: 64 * mebi, filesMax } });

    await expect(run(4)).resolves.toMatchObject({ endedBy: 'disk' });
    await expect(run(200_000)).resolves.toMatchObject({ exitCode: 0 });
  });

  promises('hides nothing of what it leaves in folders that no path can name, and leaves none that stays', async () => {
    const script = `
      const { mkdirSync, writeFileSync } = require('node:fs');
      for (let depth = 0; depth < 500; depth++) { mkdirSync('a'.repeat(50)); process.chdir('a'.repeat(50)); }
      for (let file = 0; file < 6; file++) writeFileSync(String(file), Buffer.alloc(1e6));
      setInterval(() => {}, 1000);`;
    const run = { command: process.execPath, args: ['-e', script], readOnly: [process.execPath] };
    const result = await inside('', { ...run, bounds: { diskMaxBytes: 4 * mebi } });

    expect(result.endedBy).toBe('disk');
    await removeTree(result.folder);
    await expect(stat(result.folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  promises('is what the system ends first when it has no memory left', async () => {
    await expect(inside('cat /proc/self/oom_score_adj')).resolves.toMatchObject({ output: '1000\n' });
  });

  promises('gets no more memory than it may have, alone or with what it starts', async () => {
    const bounds = { memoryMaxBytes: 256 * mebi };
    // Reading lines that never end, tail keeps them all.
    const alone = await inside('head -c 2000000000 /dev/zero | tail >/dev/null', { bounds });
    const together = await inside('for i in 1 2 3 4; do (head -c 100000000 /dev/zero; sleep 1000) | tail >/dev/null & done; wait', {
      bounds,
    });

    expect([alone.exitCode === 0, together.endedBy]).toEqual([false, 'memory']);
  });

  promises('leaves no process behind', async () => {
    const duration = `98765.${process.pid}`;
    const result = await inside(`sleep ${duration} & setsid sleep ${duration} & sleep 0.2; exit 3`);

    expect(result.exitCode).toBe(3);
    await eventually(async () => (await processesWith(duration)).length === 0);
  });
});

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BuildError } from '@torii/contracts';
import { createSandbox } from '../../sandbox/sandbox.js';
import { type GoAnswer, goLimits, runGo } from './run-go.js';

describe('a run of Go that reached a limit of the system', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'torii-run-go-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** A program that says this and fails stands in for Go. */
  function runThatSays(text: string): Promise<GoAnswer> {
    return runOf(`echo '${text}' >&2\nexit 1`);
  }

  async function runOf(script: string): Promise<GoAnswer> {
    const go = path.join(home, 'go');
    await writeFile(go, `#!/bin/sh\n${script}\n`);
    await chmod(go, 0o755);
    return runGo(
      createSandbox({ mode: 'none', searchPath: '', scratch: home }),
      { go, goRoot: home, version: '1.26.0' },
      {
        args: ['build'],
        cwd: home,
        env: { PATH: '/usr/bin:/bin' },
        readOnly: [],
        readWrite: [home],
        limits: goLimits({ memoryMaxBytes: 2 ** 30, outputMaxBytes: 2 ** 20 }),
        signal: new AbortController().signal,
        onMessage: () => undefined,
      },
    );
  }

  it.each([
    ['fatal error: runtime: out of memory', 'build.memory_exceeded'],
    ['go: link: signal: killed', 'build.memory_exceeded'],
    ['compile: signal: CPU time limit exceeded', 'build.deadline_exceeded'],
    ['link: write module.wasm: file too large', 'build.too_large'],
    ['write /tmp/go-build1/b001/_pkg_.a: no space left on device', 'build.too_large'],
  ])('is told so: %s', async (text, code) => {
    await expect(runThatSays(text)).rejects.toMatchObject({ code });
  });

  it('is a fault of ours when the machine ends Go, and not of the source', async () => {
    await expect(runOf('kill -KILL $$')).rejects.toThrow(/^Go was ended by SIGKILL: the machine may have no memory left$/);
    await expect(runOf('kill -KILL $$')).rejects.not.toBeInstanceOf(BuildError);
  });

  it('is no such run when Go only found mistakes', async () => {
    await expect(runThatSays('./main.go:1:1: syntax error')).resolves.toMatchObject({ isOk: false, stderr: './main.go:1:1: syntax error\n' });
  });
});

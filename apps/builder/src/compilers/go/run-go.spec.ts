import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createSandbox } from '../../sandbox/sandbox.js';
import { type GoAnswer, goLimits, runGo } from './run-go.js';

describe('a run of Go that reached a limit of the system', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'torii-run-go-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** A program that says this and fails stands in for Go. */
  async function runThatSays(text: string): Promise<GoAnswer> {
    const go = path.join(home, 'go');
    await writeFile(go, `#!/bin/sh\necho '${text}' >&2\nexit 1\n`);
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
        network: false,
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

  it('is no such run when Go only found mistakes', async () => {
    await expect(runThatSays('./main.go:1:1: syntax error')).resolves.toMatchObject({ isOk: false, stderr: './main.go:1:1: syntax error\n' });
  });
});

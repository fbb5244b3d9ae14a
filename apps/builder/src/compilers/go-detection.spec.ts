import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { goPlaces } from '../../test/go-builds.js';
import { createSandbox, type Sandbox } from '../sandbox/sandbox.js';
import type { Compiler } from './compiler.js';
import { goCompiler } from './go.js';

describe('Go, as it is looked for', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'torii-go-detection-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  /** What looks for Go need not have a sandbox that works here. */
  function alwaysThere(): Sandbox {
    return createSandbox({ mode: 'none', searchPath: '', scratch: home });
  }

  function compilerIn(searchPath: string): Compiler {
    return goCompiler({ sandbox: alwaysThere(), places: { searchPath, toolchains: undefined, folders: [] }, cacheFolder: home });
  }

  it('is not available where there is none, and the reason says what to do', async () => {
    const compiler = compilerIn('');

    await expect(compiler.detect()).resolves.toEqual({
      name: 'go',
      available: false,
      reason: expect.stringContaining('toolchains -- add go'),
    });
    const built = compiler.compile(
      { files: new Map([['main.go', Buffer.from('package main\nfunc main() {}\n')]]), entry: 'main.go', functionNames: [], name: 'f' },
      {
        signal: new AbortController().signal,
        limits: { memoryMaxBytes: 2 ** 31, outputMaxBytes: 2 ** 25 },
        folder: () => Promise.reject(new Error('not needed')),
        stage: () => undefined,
        log: () => undefined,
      },
    );
    await expect(built).rejects.toMatchObject({ code: 'build.toolchain_missing' });
  });

  it('is not available when it is older than wasmexport, and the reason names what was found', async () => {
    const folder = path.join(home, 'old');
    await mkdir(folder);
    await writeFile(path.join(folder, 'go'), `#!/bin/sh\necho '{"GOVERSION": "go1.19.8", "GOROOT": "/usr/lib/go-1.19"}'\n`);
    await chmod(path.join(folder, 'go'), 0o755);

    await expect(compilerIn(folder).detect()).resolves.toMatchObject({
      available: false,
      reason: expect.stringMatching(/1\.24 or newer.*1\.19\.8/),
    });
  });

  it('is not available without a sandbox', async () => {
    const sandbox = createSandbox({ mode: 'unshare', searchPath: '', scratch: '/dev/null/scratch' });

    await expect(goCompiler({ sandbox, places: goPlaces, cacheFolder: home }).detect()).resolves.toMatchObject({
      available: false,
      reason: expect.stringContaining('sandbox'),
    });
  });
});

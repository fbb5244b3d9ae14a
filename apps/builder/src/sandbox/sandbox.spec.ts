import { execFile, type StdioOptions, spawn } from 'node:child_process';
import { chmod, mkdir, open, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { isRunning, processesWith, programsOf, SandboxHome, someLimits } from '../../test/a-sandbox.js';
import { useOfFolder } from './folder-use.js';
import { inheritedDescriptors } from './inherited-descriptors.js';
import { planMounts } from './mounts.js';
import { removeTree } from './remove-tree.js';
import { createSandbox } from './sandbox.js';
import type { SandboxRun } from './sandbox-run.js';
import { unshareCommand } from './unshare.js';

const home = new SandboxHome();

describe('what a program leaves behind', () => {
  it('is removed also where nobody may look into it, and no link out of it is followed', async () => {
    const folder = path.join(home.folder, 'left');
    const kept = path.join(home.folder, 'kept');
    await mkdir(path.join(folder, 'closed', 'inner'), { recursive: true });
    await writeFile(path.join(folder, 'closed', 'inner', 'file'), '');
    await writeFile(kept, 'precious');
    await symlink(kept, path.join(folder, 'link'));
    await symlink(home.folder, path.join(folder, 'up'));
    for (const name of ['closed/inner', 'closed', '.']) await chmod(path.join(folder, name), 0);

    await removeTree(folder);

    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    expect([await readFile(kept, 'utf8'), (await stat(kept)).mode & 0o777]).toEqual(['precious', 0o644]);
  });

  it('counts as endless where it cannot be measured', async () => {
    const folder = path.join(home.folder, 'deep');
    await mkdir(folder);
    const dive = "for (let depth = 0; depth < 100; depth++) { fs.mkdirSync('a'.repeat(100)); process.chdir('a'.repeat(100)); }";
    await promisify(execFile)(process.execPath, ['-e', dive], { cwd: folder });

    await expect(useOfFolder(folder, 1_000)).resolves.toMatchObject({ files: Number.POSITIVE_INFINITY });
    await removeTree(folder);
  });
});

describe('the file system inside', () => {
  it('shows the programs and libraries of the system, and not what people keep beside them', async () => {
    const places = (await planMounts({ readOnly: [process.execPath], readWrite: [] }))
      .filter(({ kind }) => kind === 'readOnly')
      .map((mount) => mount.path);

    expect(places).toEqual(expect.arrayContaining(['/usr/bin', '/usr/lib']));
    for (const place of ['/usr', '/usr/src', '/usr/local', '/usr/local/etc', '/home', '/root', '/var', '/etc', '/opt']) {
      expect(places).not.toContain(place);
    }
  });
});

describe('a builder', () => {
  it('knows which open files it got from whoever started it, and would pass on', async () => {
    const file = await open(path.join(home.folder, 'secret'), 'w');
    const stdio: StdioOptions = [...Array<'ignore'>(40).fill('ignore'), file.fd];
    const child = spawn('sleep', ['1000'], { stdio });

    await expect(inheritedDescriptors(child.pid ?? 0)).resolves.toContain(40);
    await expect(inheritedDescriptors(process.pid)).resolves.not.toContain(file.fd);
    child.kill('SIGKILL');
    await file.close();
  });

  it('refuses to keep builds where each of them could look', async () => {
    const sandbox = createSandbox({ mode: 'auto', searchPath: process.env.PATH ?? '', scratch: '/usr/lib/torii/builder/sandbox' });

    await expect(sandbox.detect()).resolves.toEqual({ kind: 'none', reason: expect.stringMatching(/TORII_HOME/) });
  });

  it('refuses to run anything where no sandbox works, and says what to do', async () => {
    const occupied = path.join(home.folder, 'a-file');
    await writeFile(occupied, '');
    const sandbox = createSandbox({ mode: 'unshare', searchPath: '', scratch: path.join(occupied, 'scratch') });

    await expect(sandbox.detect()).resolves.toEqual({ kind: 'none', reason: expect.stringMatching(/TORII_BUILD_SANDBOX=none/) });
    await expect(home.inside(sandbox, 'true')).rejects.toMatchObject({ code: 'build.sandbox_unavailable' });
  });

  it('runs programs as they are where the operator trusts every author, still within time and output', async () => {
    const sandbox = createSandbox({ mode: 'none', searchPath: '', scratch: home.folder });

    await expect(sandbox.detect()).resolves.toEqual({ kind: 'none' });
    await expect(home.inside(sandbox, 'env; exit 3')).resolves.toMatchObject({ exitCode: 3, output: expect.not.stringContaining('HOME=') });
    await expect(home.inside(sandbox, 'sleep 1000', { bounds: { wallMs: 500 } })).resolves.toMatchObject({ endedBy: 'deadline' });
    await expect(home.inside(sandbox, 'yes')).resolves.toMatchObject({ endedBy: 'output' });
  });
});

describe('a builder that is killed', () => {
  it('takes what runs in a sandbox along', async () => {
    const sandbox = home.sandboxOf('unshare');
    if ((await sandbox.detect()).reason !== undefined) return expectUnavailable();
    const duration = `87654.${process.pid}`;
    const builder = startBuilder(await commandOf('sleep', duration));
    await eventually(async () => (await programsOf(await processesWith(duration))).includes('sleep'));

    builder.kill('SIGKILL');

    await eventually(async () => (await processesWith(duration)).length === 0);
  });

  it('begins nothing afterwards that it was about to put into a sandbox', async () => {
    const sandbox = home.sandboxOf('unshare');
    if ((await sandbox.detect()).reason !== undefined) return expectUnavailable();
    const duration = `76543.${process.pid}`;
    const gate = path.join(home.folder, 'gate');
    // It has not come to what would tie its life to the builder's.
    const held = ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.02; done; shift; exec "$@"', 'sh', gate];
    const builder = startBuilder([...held, ...(await commandOf('sleep', duration))]);
    const gone = new Promise((resolve) => builder.once('exit', resolve));
    const pid = await eventually(async () => {
      const [found, ...others] = await processesWith(duration);
      expect(others).toEqual([]);
      expect(await programsOf([found ?? ''])).toEqual(['sh']);
      return found ?? '';
    });

    builder.kill('SIGKILL');
    await gone;
    await writeFile(gate, '');

    // It becomes the program that makes the sandbox, which ends when nothing is begun in it.
    await eventually(async () => !(await isRunning(pid)));
    expect(await processesWith(duration)).toEqual([]);
  });

  async function expectUnavailable(): Promise<void> {
    await expect(home.inside(home.sandboxOf('unshare'), 'true')).rejects.toMatchObject({ code: 'build.sandbox_unavailable' });
  }

  async function commandOf(command: string, ...args: string[]): Promise<string[]> {
    const run: SandboxRun = {
      command,
      args,
      cwd: '/tmp',
      env: { PATH: '/usr/bin:/bin' },
      readOnly: [],
      readWrite: [],
      limits: someLimits,
      signal: new AbortController().signal,
      onOutput: () => undefined,
    };
    const mountPoint = path.join(home.scratchOf('unshare'), 'root');
    return unshareCommand(run, await planMounts(run), { mountPoint, isRoot: process.getuid?.() === 0 });
  }

  function startBuilder(command: readonly string[]) {
    const entry = fileURLToPath(new URL('../../test/sandboxing-builder.mjs', import.meta.url));
    return spawn(process.execPath, [entry, JSON.stringify(command)], { stdio: 'ignore' });
  }
});

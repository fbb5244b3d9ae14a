import { type ChildProcess, execFile, type StdioOptions, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { useOfFolder } from './folder-use.js';
import { inheritedDescriptors } from './inherited-descriptors.js';
import { planMounts } from './mounts.js';
import { readOutput } from './read-output.js';
import { removeTree } from './remove-tree.js';
import { createSandbox, type Sandbox } from './sandbox.js';
import type { SandboxKind, SandboxLimits, SandboxResult, SandboxRun } from './sandbox-run.js';
import { throwWhenEnded } from './throw-when-ended.js';
import { unshareCommand } from './unshare.js';

const mebi = 1_048_576;
const limits: SandboxLimits = {
  wallMs: 30_000,
  cpuSeconds: 20,
  fileMaxBytes: 8 * mebi,
  processesMax: 64,
  openFilesMax: 256,
  outputMaxBytes: 64 * 1024,
};
const testTimeoutMs = 60_000;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'torii-sandbox-'));
});
afterAll(() => removeTree(home));

function sandboxOf(mode: SandboxKind): Sandbox {
  const toolchains = path.resolve(import.meta.dirname, '../../../../.torii/toolchains');
  return createSandbox({ mode, searchPath: process.env.PATH ?? '', toolchains, scratch: path.join(home, `scratch-${mode}`) });
}

interface Inside extends SandboxResult {
  readonly output: string;
  readonly folder: string;
}

let runs = 0;

/** Runs a shell script in a folder of its own. */
async function inside(sandbox: Sandbox, script: string, options: Partial<SandboxRun> & { bounds?: Partial<SandboxLimits> } = {}): Promise<Inside> {
  const folder = path.join(home, `run-${runs++}`);
  await mkdir(folder, { mode: 0o700 });
  const chunks: Buffer[] = [];
  const { bounds, ...rest } = options;
  const result = await sandbox.run({
    command: 'sh',
    args: ['-c', script],
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    readOnly: [],
    readWrite: [folder],
    network: false,
    limits: { ...limits, ...bounds },
    signal: new AbortController().signal,
    onOutput: (_stream, chunk) => chunks.push(chunk),
    ...rest,
  });
  return { ...result, output: Buffer.concat(chunks).toString('utf8'), folder };
}

/** Processes of the whole machine with that word among their arguments. */
async function processesWith(word: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.split('\0').includes(word)) found.push(pid);
  }
  return found;
}

function namesOf(pids: readonly string[]): Promise<string[]> {
  return Promise.all(pids.map(async (pid) => (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()));
}

describe.each(['unshare', 'bubblewrap'] as const)('a program in %s', (kind) => {
  let sandbox: Sandbox;
  let isThere: boolean;
  beforeAll(async () => {
    sandbox = sandboxOf(kind);
    isThere = (await sandbox.detect()).reason === undefined;
  });

  /** Where a machine cannot have this kind, that nothing is run by it is what is to be shown. */
  function promises(what: string, prove: () => Promise<void>): void {
    const proof = async (): Promise<void> => {
      if (isThere) return prove();
      await expect(inside(sandbox, 'true')).rejects.toMatchObject({ code: 'build.sandbox_unavailable' });
    };
    it(what, proof, testTimeoutMs);
  }

  promises('is nobody, with no privileges, among no other processes, in no environment but its own', async () => {
    const { output } = await inside(
      sandbox,
      'id -u; grep -E "^(CapEff|CapPrm|NoNewPrivs)" /proc/self/status; set -- /proc/[0-9]*; [ $# -lt 10 ] && echo few; env',
      {
        env: { PATH: '/usr/bin:/bin', GIVEN: 'yes' },
      },
    );

    expect(output).toMatch(/^65534\n/);
    expect(output).toMatch(/CapPrm:\t0+\nCapEff:\t0+\nNoNewPrivs:\t1\nfew/);
    expect(output).toContain('GIVEN=yes');
    expect(output).not.toContain('HOME=');
  });

  promises('reads no file of the host but those that it was given', async () => {
    const token = path.join(home, 'node-token');
    const other = path.join(home, 'another-build');
    await writeFile(token, 'a secret');
    await mkdir(other, { recursive: true });
    await writeFile(path.join(other, 'main.go'), 'a secret');
    const script = `cat /etc/shadow /etc/passwd /etc/hostname ${token} ${other}/main.go /proc/1/environ; ls -a /root /home /var ${home}; echo end`;

    const { output } = await inside(sandbox, script);

    expect(output).not.toContain('a secret');
    expect(output).not.toContain('root:');
    expect(output).not.toContain('node-token\n');
    expect(output).not.toContain('PATH=/');
    expect(output).toMatch(/end\n$/);
  });

  promises('is not said to have failed when it was not even begun', async () => {
    await expect(inside(sandbox, 'true', { readOnly: ['/nonexistent/toolchain'] })).rejects.toThrow(/could not be made.*\/nonexistent\/toolchain/s);
    await expect(inside(sandbox, 'nothing-of-that-name')).resolves.toMatchObject({ exitCode: 127 });
  });

  promises('writes nowhere but in its folders and /tmp', async () => {
    const given = path.join(home, `given-${kind}`);
    await mkdir(given);
    await writeFile(path.join(given, 'file'), 'as it was');
    const script = `for place in / /usr /etc /dev ${given}; do echo x >$place/new 2>/dev/null && echo wrote $place; done; echo x >${given}/file; echo x >/proc/sys/kernel/core_pattern; echo x >/tmp/new && echo x >new && echo done`;

    const { output, folder } = await inside(sandbox, script, { readOnly: [given] });

    expect(output).not.toContain('wrote');
    expect(output).toContain('done');
    await expect(readFile(path.join(given, 'file'), 'utf8')).resolves.toBe('as it was');
    await expect(readFile(path.join(folder, 'new'), 'utf8')).resolves.toBe('x\n');
  });

  promises('reaches no network, not even that of its own machine', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const script = `require('node:net').connect(${port}, '127.0.0.1').on('error', (error) => console.log(error.code)).on('connect', () => console.log('connected'))`;

    const run = { command: process.execPath, args: ['-e', script], readOnly: [process.execPath] };
    const closed = await inside(sandbox, '', run);
    const open = await inside(sandbox, '', { ...run, network: true });

    expect(closed.output).toMatch(/^E(NETUNREACH|CONNREFUSED|ADDRNOTAVAIL)/);
    expect(open.output).toBe('connected\n');
    expect(connections).toBe(1);
    await new Promise((resolve) => server.close(resolve));
  });

  promises('makes no namespace, mount or privileged program of its own', async () => {
    const script =
      'unshare -Ur true && echo namespace; mount -t tmpfs none /tmp && echo mounted; umount /usr && echo unmounted; cp /usr/bin/id . && chmod u+s id && ./id -u; kill -9 1; echo still here';

    const { output } = await inside(sandbox, script);

    expect(output).not.toMatch(/namespace$|^mounted|^unmounted/m);
    expect(output).toContain('65534\n');
    expect(output).toContain('still here');
  });

  promises('ends, with all that it started, when it forks without end', async () => {
    const word = `${kind}.forks`;
    const script = 'bomb() { bomb | bomb & sleep 1000; }; bomb; sleep 1000';

    const result = await inside(sandbox, '', { args: ['-c', script, word], bounds: { wallMs: 3_000 } });

    expect(result.exitCode).not.toBe(0);
    await eventually(async () => (await processesWith(word)).length === 0);
  });

  promises('ends at its deadline, also when it ignores signals', async () => {
    const result = await inside(sandbox, 'trap "" TERM INT HUP; while :; do :; done', { bounds: { wallMs: 1_000 } });

    expect(result).toMatchObject({ timedOut: true, endedBy: 'deadline' });
    expect(() => throwWhenEnded('It', result, { ...limits, wallMs: 1_000 }, new AbortController().signal)).toThrow(
      expect.objectContaining({ code: 'build.deadline_exceeded' }),
    );
  });

  promises('ends when it has computed for long enough', async () => {
    const result = await inside(sandbox, 'while :; do :; done', { bounds: { cpuSeconds: 1 } });

    expect(result.signal).toMatch(/^SIG(XCPU|KILL)$/);
    expect(result.timedOut).toBe(false);
  });

  promises('ends when the build is given up', async () => {
    const abort = new AbortController();
    const run = inside(sandbox, 'echo begun; sleep 1000', { signal: abort.signal, onOutput: () => abort.abort(new Error('cancelled')) });

    await expect(run).resolves.toMatchObject({ endedBy: 'aborted' });
  });

  promises('prints no more than it may', async () => {
    const result = await inside(sandbox, 'while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done');

    expect(result.endedBy).toBe('output');
    expect(result.output.length).toBe(limits.outputMaxBytes);
  });

  promises('writes no file that is larger than it may be', async () => {
    const result = await inside(sandbox, 'exec head -c 100000000 /dev/zero >big');

    expect(result.signal).toBe('SIGXFSZ');
    expect((await stat(path.join(result.folder, 'big'))).size).toBeLessThanOrEqual(limits.fileMaxBytes);
  });

  promises('leaves no more on disk than it may', async () => {
    const script = 'i=0; while :; do i=$((i + 1)); head -c 1000000 /dev/zero >$i; done';
    const result = await inside(sandbox, script, { bounds: { diskMaxBytes: 4 * mebi } });

    expect(result.endedBy).toBe('disk');
  });

  promises('leaves no more files than it may', async () => {
    const run = (filesMax: number) => inside(sandbox, 'touch 1 2 3 4 5 6 7 8; sleep 2', { bounds: { diskMaxBytes: 64 * mebi, filesMax } });

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
    const result = await inside(sandbox, '', { ...run, bounds: { diskMaxBytes: 4 * mebi, wallMs: 15_000 } });

    expect(result.endedBy).toBe('disk');
    await removeTree(result.folder);
    await expect(stat(result.folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  promises('is what the system ends first when it has no memory left', async () => {
    await expect(inside(sandbox, 'cat /proc/self/oom_score_adj')).resolves.toMatchObject({ output: '1000\n' });
  });

  promises('gets no more memory than it may have, alone or with what it starts', async () => {
    const bounds = { memoryMaxBytes: 256 * mebi };
    // Reading lines that never end, tail keeps them all.
    const alone = await inside(sandbox, 'head -c 2000000000 /dev/zero | tail >/dev/null', { bounds });
    const together = await inside(sandbox, 'for i in 1 2 3 4; do (head -c 100000000 /dev/zero; sleep 1000) | tail >/dev/null & done; wait', {
      bounds,
    });

    expect([alone.exitCode === 0, together.endedBy]).toEqual([false, 'memory']);
  });

  promises('leaves no process behind', async () => {
    const duration = `98765.${process.pid}`;
    const result = await inside(sandbox, `sleep ${duration} & setsid sleep ${duration} & sleep 0.2; exit 3`);

    expect(result.exitCode).toBe(3);
    await eventually(async () => (await processesWith(duration)).length === 0);
  });

  promises('makes nobody read another file in place of its output', async () => {
    const secret = path.join(home, 'node-token');
    await writeFile(secret, 'a secret');
    const { folder } = await inside(
      sandbox,
      `ln -s ${secret} link; mkfifo pipe; mkdir folder; echo x >one; ln one two; head -c 2000 /dev/zero >large`,
    );

    for (const name of ['link', 'pipe', 'folder', 'two']) {
      await expect(readOutput(folder, name, 1_000)).rejects.toMatchObject({ code: 'build.compile_failed' });
    }
    await expect(readOutput(folder, 'large', 1_000)).rejects.toMatchObject({ code: 'build.too_large' });
    await expect(readOutput(folder, 'absent', 1_000)).resolves.toBeUndefined();
    await expect(readOutput(folder, '../node-token', 1_000)).rejects.toThrow('not the name of a file');
  });
});

describe('what a program leaves behind', () => {
  it('is removed also where nobody may look into it, and no link out of it is followed', async () => {
    const folder = path.join(home, 'left');
    const kept = path.join(home, 'kept');
    await mkdir(path.join(folder, 'closed', 'inner'), { recursive: true });
    await writeFile(path.join(folder, 'closed', 'inner', 'file'), '');
    await writeFile(kept, 'precious');
    await symlink(kept, path.join(folder, 'link'));
    await symlink(home, path.join(folder, 'up'));
    for (const name of ['closed/inner', 'closed', '.']) await chmod(path.join(folder, name), 0);

    await removeTree(folder);

    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    expect([await readFile(kept, 'utf8'), (await stat(kept)).mode & 0o777]).toEqual(['precious', 0o644]);
  });

  it('counts as endless where it cannot be measured', async () => {
    const folder = path.join(home, 'deep');
    await mkdir(folder);
    const dive = "for (let depth = 0; depth < 100; depth++) { fs.mkdirSync('a'.repeat(100)); process.chdir('a'.repeat(100)); }";
    await promisify(execFile)(process.execPath, ['-e', dive], { cwd: folder });

    await expect(useOfFolder(folder, 1_000)).resolves.toMatchObject({ files: Number.POSITIVE_INFINITY });
    await removeTree(folder);
  });
});

describe('the file system inside', () => {
  it('shows the programs and libraries of the system, and not what people keep beside them', async () => {
    const places = (await planMounts({ readOnly: [process.execPath], readWrite: [], network: false }))
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
    const file = await open(path.join(home, 'secret'), 'w');
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
    const occupied = path.join(home, 'a-file');
    await writeFile(occupied, '');
    const sandbox = createSandbox({ mode: 'unshare', searchPath: '', scratch: path.join(occupied, 'scratch') });

    await expect(sandbox.detect()).resolves.toEqual({ kind: 'none', reason: expect.stringMatching(/TORII_BUILD_SANDBOX=none/) });
    await expect(inside(sandbox, 'true')).rejects.toMatchObject({ code: 'build.sandbox_unavailable' });
  });

  it('runs programs as they are where the operator trusts every author, still within time and output', async () => {
    const sandbox = createSandbox({ mode: 'none', searchPath: '', scratch: home });

    await expect(sandbox.detect()).resolves.toEqual({ kind: 'none' });
    await expect(inside(sandbox, 'env; exit 3')).resolves.toMatchObject({ exitCode: 3, output: expect.not.stringContaining('HOME=') });
    await expect(inside(sandbox, 'sleep 1000', { bounds: { wallMs: 500 } })).resolves.toMatchObject({ endedBy: 'deadline' });
    await expect(inside(sandbox, 'yes')).resolves.toMatchObject({ endedBy: 'output' });
  });

  it('takes what runs in a sandbox along when it is killed', async () => {
    const sandbox = sandboxOf('unshare');
    if ((await sandbox.detect()).reason !== undefined) {
      await expect(inside(sandbox, 'true')).rejects.toMatchObject({ code: 'build.sandbox_unavailable' });
      return;
    }
    const duration = `87654.${process.pid}`;
    const parent = await startParent(duration);
    // Once the program itself runs: what sets it up ties its life to its parent's only a moment after it has begun.
    await eventually(async () => (await namesOf(await processesWith(duration))).includes('sleep'));

    parent.kill('SIGKILL');

    await eventually(async () => (await processesWith(duration)).length === 0);
  });
});

/** A process of which a sandbox is the child. */
async function startParent(duration: string): Promise<ChildProcess> {
  const mountPoint = path.join(home, 'scratch-unshare', 'root');
  const run: SandboxRun = {
    command: 'sleep',
    args: [duration],
    cwd: '/tmp',
    env: { PATH: '/usr/bin:/bin' },
    readOnly: [],
    readWrite: [],
    network: false,
    limits,
    signal: new AbortController().signal,
    onOutput: () => undefined,
  };
  const command = unshareCommand(run, await planMounts(run), { mountPoint, isRoot: process.getuid?.() === 0 });
  return spawn('sh', ['-c', '"$@" & wait', 'sh', ...command], { stdio: 'ignore' });
}

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect } from '@jest/globals';
import { confinedProgram, SandboxHome } from '../../test/a-sandbox.js';
import { readOutput } from './read-output.js';

const home = new SandboxHome();

describe.each(['unshare', 'bubblewrap'] as const)('a program in %s', (kind) => {
  const { inside, promises } = confinedProgram(home, kind);

  promises('is nobody, with no privileges, among no other processes, in no environment but its own', async () => {
    const { output } = await inside(
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
    const token = path.join(home.folder, 'node-token');
    const other = path.join(home.folder, 'another-build');
    await writeFile(token, 'a secret');
    await mkdir(other, { recursive: true });
    await writeFile(path.join(other, 'main.go'), 'a secret');
    const script = `cat /etc/shadow /etc/passwd /etc/hostname ${token} ${other}/main.go /proc/1/environ; ls -a /root /home /var ${home.folder}; echo end`;

    const { output } = await inside(script);

    expect(output).not.toContain('a secret');
    expect(output).not.toContain('root:');
    expect(output).not.toContain('node-token\n');
    expect(output).not.toContain('PATH=/');
    expect(output).toMatch(/end\n$/);
  });

  promises('is not said to have failed when it was not even begun', async () => {
    await expect(inside('true', { readOnly: ['/nonexistent/toolchain'] })).rejects.toThrow(/could not be made.*\/nonexistent\/toolchain/s);
    await expect(inside('nothing-of-that-name')).resolves.toMatchObject({ exitCode: 127 });
  });

  promises('writes nowhere but in its folders and /tmp', async () => {
    const given = path.join(home.folder, `given-${kind}`);
    await mkdir(given);
    await writeFile(path.join(given, 'file'), 'as it was');
    const script = `for place in / /usr /etc /dev ${given}; do echo x >$place/new 2>/dev/null && echo wrote $place; done; echo x >${given}/file; echo x >/proc/sys/kernel/core_pattern; echo x >/tmp/new && echo x >new && echo done`;

    const { output, folder } = await inside(script, { readOnly: [given] });

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
    const { output } = await inside('', run);

    expect(output).toMatch(/^E(NETUNREACH|CONNREFUSED|ADDRNOTAVAIL)/);
    expect(connections).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });

  promises('makes no namespace, mount or privileged program of its own', async () => {
    const script =
      'unshare -Ur true && echo namespace; mount -t tmpfs none /tmp && echo mounted; umount /usr && echo unmounted; cp /usr/bin/id . && chmod u+s id && ./id -u; kill -9 1; echo still here';

    const { output } = await inside(script);

    expect(output).not.toMatch(/namespace$|^mounted|^unmounted/m);
    expect(output).toContain('65534\n');
    expect(output).toContain('still here');
  });

  promises('makes nobody read another file in place of its output', async () => {
    const secret = path.join(home.folder, 'node-token');
    await writeFile(secret, 'a secret');
    const { folder } = await inside(`ln -s ${secret} link; mkfifo pipe; mkdir folder; echo x >one; ln one two; head -c 2000 /dev/zero >large`);

    for (const name of ['link', 'pipe', 'folder', 'two']) {
      await expect(readOutput(folder, name, 1_000)).rejects.toMatchObject({ code: 'build.compile_failed' });
    }
    await expect(readOutput(folder, 'large', 1_000)).rejects.toMatchObject({ code: 'build.too_large' });
    await expect(readOutput(folder, 'absent', 1_000)).resolves.toBeUndefined();
    await expect(readOutput(folder, '../node-token', 1_000)).rejects.toThrow('not the name of a file');
  });
});

import { asNobody, innerUserId, limitedCommand } from './innermost.js';
import type { Mount } from './mounts.js';
import type { SandboxRun } from './sandbox-run.js';

export interface BubblewrapOptions {
  /** Path of `bwrap`. */
  readonly program: string;
  /** What this version of it can do, as its `--help` says. */
  readonly help: string;
  readonly isRoot: boolean;
}

/** The command that runs a program in bubblewrap, https://github.com/containers/bubblewrap. */
export function bubblewrapCommand(run: SandboxRun, mounts: readonly Mount[], options: BubblewrapOptions): string[] {
  const { program, help, isRoot } = options;
  // A root in a user namespace would still be the real root to whatever it can reach: it becomes a real nobody instead.
  const users = isRoot ? ['--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try', '--unshare-net'] : ownUsers(help);
  return [
    program,
    ...users,
    ...['--new-session', '--die-with-parent', '--clearenv', '--setenv', 'PATH', '/usr/sbin:/usr/bin:/sbin:/bin'],
    ...mounts.flatMap((mount) => mountArgs(mount, help)),
    ...['--remount-ro', '/'],
    ...['--chdir', run.cwd, '--'],
    ...(isRoot ? asNobody('root', limitedCommand(run)) : limitedCommand(run)),
  ];
}

function ownUsers(help: string): string[] {
  const closed = help.includes('--disable-userns') ? ['--disable-userns'] : [];
  return ['--unshare-all', '--unshare-user', '--uid', String(innerUserId), '--gid', String(innerUserId), ...closed];
}

function mountArgs(mount: Mount, help: string): string[] {
  const perms = (mode: string): string[] => (help.includes('--perms') ? ['--perms', mode] : []);
  switch (mount.kind) {
    case 'folder':
      return [...perms('0755'), '--dir', mount.path];
    case 'readOnly':
      return ['--ro-bind', mount.path, mount.path];
    case 'readWrite':
      return ['--bind', mount.path, mount.path];
    case 'device':
      return ['--dev-bind', mount.path, mount.path];
    case 'link':
      return ['--symlink', mount.to, mount.path];
    case 'temporary':
      return [...(help.includes('--size') ? ['--size', String(mount.maxBytes)] : []), ...perms('1777'), ...['--tmpfs', mount.path]];
    case 'processes':
      return ['--proc', mount.path];
  }
}

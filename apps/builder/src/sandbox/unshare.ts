import { asNobody, limitedCommand } from './innermost.js';
import type { Mount } from './mounts.js';
import type { SandboxRun } from './sandbox-run.js';

/**
 * Makes the file system of the sandbox in an empty folder (`$1`), enters it, and runs what follows `--`.
 *
 * Begins as root of a mount namespace of its own. Stays as the first process of its process namespace, and takes all the
 * others along when it ends. A mount below a read-only one is made read-only as well, because a bind does not do so.
 */
const script = `
set -eu
umask 022
root=$1
shift
bind() {
  if [ ! -d "$1" ]; then
    [ -e "$root$1" ] || : >"$root$1"
  elif [ ! -d "$root$1" ]; then
    mkdir "$root$1"
  fi
  mount -o "rbind,nosuid,nodev,$2" "$1" "$root$1"
  mounts=$(cat /proc/self/mountinfo)
  while read -r _ _ _ _ point _; do
    case $point in *\\\\*) point=$(printf '%b' "$point") ;; esac
    case $point in "$root$1"/*) mount -o "remount,bind,nosuid,nodev,$2" "$point" ;; esac
  done <<END
$mounts
END
}
temporary() {
  mkdir "$root$1"
  mount -t tmpfs -o "mode=1777,size=$2,nr_inodes=100000,nosuid,nodev" tmpfs "$root$1"
}
mount -t tmpfs -o mode=0755,size=4m,nosuid,nodev tmpfs "$root"
while [ "$1" != -- ]; do
  case $1 in
  readOnly) bind "$2" ro ;;
  readWrite) bind "$2" rw ;;
  device) : >"$root$2" && mount --bind "$2" "$root$2" ;;
  link) ln -s "$3" "$root$2" && shift ;;
  temporary) temporary "$2" "$3" && shift ;;
  folder) [ -d "$root$2" ] || mkdir "$root$2" ;;
  processes) mkdir "$root$2" && mount -t proc -o nosuid,nodev,noexec proc "$root$2" ;;
  esac
  shift 2
done
shift
cd "$root"
mkdir .outside
pivot_root . .outside
cd /
umount -l /.outside
rmdir /.outside
mount -o remount,bind,ro /
cd "$1"
shift
"$@"
`;

const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface UnshareOptions {
  /** An empty folder, over which each run mounts a file system that nobody else sees. */
  readonly mountPoint: string;
  /** Whether the builder is the real root, and then needs no user namespace to begin with. */
  readonly isRoot: boolean;
}

/** The command that runs a program in namespaces by util-linux alone, for systems without bubblewrap. */
export function unshareCommand(run: SandboxRun, mounts: readonly Mount[], { mountPoint, isRoot }: UnshareOptions): string[] {
  return [
    'env',
    '-i',
    `PATH=${systemPath}`,
    ...['setpriv', '--pdeathsig', 'KILL'],
    'unshare',
    ...(isRoot ? [] : ['--user', '--map-root-user']),
    ...['--mount', '--pid', '--fork', '--kill-child=KILL', '--ipc', '--uts', '--cgroup'],
    ...(run.network ? [] : ['--net']),
    ...['sh', '-c', script, 'sh', mountPoint],
    ...mounts.flatMap(mountWords),
    '--',
    run.cwd,
    ...asNobody(isRoot ? 'root' : 'mapped', limitedCommand(run)),
  ];
}

function mountWords(mount: Mount): string[] {
  switch (mount.kind) {
    case 'link':
      return [mount.kind, mount.path, mount.to];
    case 'temporary':
      return [mount.kind, mount.path, String(mount.maxBytes)];
    default:
      return [mount.kind, mount.path];
  }
}

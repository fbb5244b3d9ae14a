import { asNobody, limitedCommand } from './innermost.js';
import type { Mount } from './mounts.js';
import type { SandboxRun } from './sandbox-run.js';

/** Where there is neither iproute2 nor net-tools: the flags of the interface by an ioctl, netdevice(7), of its name and theirs. */
const loopbackUp = 'socket(my $s, 2, 2, 0) && ioctl($s, 0x8914, pack("a16 s x22", "lo", 0x49)) || exit 1';

/**
 * Makes the file system of the sandbox in an empty folder (`$1`), enters it, and runs what follows `--`.
 *
 * Begins as root of a mount namespace of its own. Stays as the first process of its process namespace, and takes all the
 * others along when it ends. What is to be mounted is collected as fstab(5) has it, because one program that mounts it all
 * takes a tenth of the time of one for each. A mount below a read-only one is made read-only as well, because a bind does
 * not do so.
 */
const script = `
set -eu
umask 022
root=$1 table= own= writable=
shift
mountAll() {
  printf %s "$table" >"$root/.table"
  mount --all --fstab "$root/.table"
  table=
}
place() {
  if [ ! -d "$1" ]; then
    [ -e "$root$1" ] || : >"$root$1"
  elif [ ! -d "$root$1" ]; then
    mkdir "$root$1"
  fi
}
collect() {
  table="$table$2
" own="$own$root$1
"
}
loopback() {
  ip link set lo up || ifconfig lo up || perl -e '${loopbackUp}'
} 2>/dev/null
mountedBelow() {
  while read -r _ _ _ _ point _; do
    case $point in *\\\\*) point=$(printf '%b' "$point") ;; esac
    case $point in "$root"/*) ;; *) continue ;; esac
    case "
$own" in *"
$point
"*) continue ;; esac
    mode=ro
    while read -r place; do
      case $point in "$root$place"/*) mode=rw ;; esac
    done <<END
$writable
END
    mount -o "remount,bind,nosuid,nodev,$mode" "$point"
  done
}
loopback || true
mount -t tmpfs -o mode=0755,size=4m,nosuid,nodev tmpfs "$root"
while [ "$1" != -- ]; do
  case $1 in
  readOnly | device) place "$2" && collect "$2" "$3" ;;
  readWrite) place "$2" && collect "$2" "$3" && writable="$writable$2
" ;;
  temporary | processes) mkdir "$root$2" && collect "$2" "$3" ;;
  link) ln -s "$3" "$root$2" ;;
  folder) [ -d "$root$2" ] || mkdir "$root$2" ;;
  mountAll) mountAll ;;
  esac
  shift 3
done
shift
mountAll
rm "$root/.table"
mounts=$(cat /proc/self/mountinfo)
mountedBelow <<END
$mounts
END
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
    ...['--mount', '--pid', '--fork', '--kill-child=KILL', '--ipc', '--uts', '--cgroup', '--net'],
    ...['sh', '-c', script, 'sh', mountPoint],
    ...mountWords(mounts, mountPoint),
    '--',
    run.cwd,
    ...asNobody(isRoot ? 'root' : 'mapped', limitedCommand(run)),
  ];
}

/** Three words for each step of the script: what to do, the path, and what goes with it. */
function mountWords(mounts: readonly Mount[], root: string): string[] {
  const words: string[] = [];
  const temporary: string[] = [];
  for (const mount of mounts) {
    // What is made in a file system that is not mounted yet would be hidden by it.
    if (temporary.some((folder) => mount.path.startsWith(`${folder}/`))) words.push('mountAll', '', '');
    if (mount.kind === 'temporary') temporary.push(mount.path);
    words.push(mount.kind, mount.path, detailOf(mount, root));
  }
  return words;
}

function detailOf(mount: Mount, root: string): string {
  const line = (source: string, type: string, options: string): string =>
    `${fstabWord(source)} ${fstabWord(`${root}${mount.path}`)} ${type} ${options} 0 0`;
  switch (mount.kind) {
    case 'link':
      return mount.to;
    case 'temporary':
      return line('tmpfs', 'tmpfs', `mode=1777,size=${mount.maxBytes},nr_inodes=100000,nosuid,nodev`);
    case 'readOnly':
      return line(mount.path, 'none', 'rbind,ro,nosuid,nodev');
    case 'readWrite':
      return line(mount.path, 'none', 'rbind,rw,nosuid,nodev');
    case 'device':
      return line(mount.path, 'none', 'bind');
    case 'processes':
      return line('proc', 'proc', 'nosuid,nodev,noexec');
    case 'folder':
      return '';
  }
}

/** Blanks, backslashes and what begins a comment as octal numbers, fstab(5). */
function fstabWord(text: string): string {
  return text.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

import { begun } from './run-bounded.js';
import type { SandboxLimits, SandboxRun } from './sandbox-run.js';

/** Who runs inside, as every process and file there shows. */
export const innerUserId = 65_534;

/** The program with its own environment and the system's limits; no program it starts can gain privileges. */
export function limitedCommand(run: Pick<SandboxRun, 'command' | 'args' | 'env' | 'limits'>): string[] {
  return ['setpriv', '--no-new-privs', '--', ...limitArgs(run.limits), ...environmentArgs(run.env), ...begun, run.command, ...run.args];
}

function environmentArgs(env: Readonly<Record<string, string>>): string[] {
  return ['env', '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
}

function limitArgs(limits: SandboxLimits): string[] {
  const { cpuSeconds, fileMaxBytes, processesMax, openFilesMax, memoryMaxBytes } = limits;
  return [
    'prlimit',
    // The first signal can be ignored, the second, a second of computing later, can not.
    `--cpu=${cpuSeconds}:${cpuSeconds + 1}`,
    `--fsize=${fileMaxBytes}`,
    `--nproc=${processesMax}`,
    `--nofile=${openFilesMax}`,
    '--core=0',
    // Not the address space, of which Go and V8 reserve far more than they use: what is private and writable counts here.
    ...(memoryMaxBytes === undefined ? [] : [`--data=${memoryMaxBytes}`]),
    '--',
  ];
}

/**
 * Runs `$3...` as nobody, in a user namespace of its own in which no other can be made. `$1` is this script, `$2` is
 * `root` when it begins as the real root, who becomes a real nobody first and then owns nothing outside.
 *
 * Limits on processes count per user and user namespace, so that builds at the same time do not count each other's; and
 * without further namespaces less of the kernel is within reach. Where none can be made, the program can make none either.
 */
const script = `
set -eu
self=$1 step=$2
shift 2
case $step in
root)
  exec setpriv --reuid=${innerUserId} --regid=${innerUserId} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \\
    sh -c "$self" sh "$self" enter "$@"
  ;;
enter)
  if unshare --user --map-root-user true 2>/dev/null; then
    exec unshare --user --map-root-user sh -c "$self" sh "$self" mapped "$@"
  fi
  exec "$@"
  ;;
mapped)
  { echo 1 >/proc/sys/user/max_user_namespaces; } 2>/dev/null || true
  exec unshare --user --map-user=${innerUserId} --map-group=${innerUserId} -- "$@"
  ;;
esac
`;

/** `root`: begins as the real root. `mapped`: begins as the root of a user namespace. */
export function asNobody(step: 'root' | 'mapped', command: readonly string[]): string[] {
  return ['sh', '-c', script, 'sh', script, step, ...command];
}

import { execFile } from 'node:child_process';
import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { BuildError } from '@torii/contracts';
import { type Confinement, findConfinements, isRoot } from './confinement.js';
import { innerUserId } from './innermost.js';
import { isInSystem, ownTemporaryFolder, planMounts } from './mounts.js';
import { begun, runBounded } from './run-bounded.js';
import type { SandboxKind, SandboxResult, SandboxRun, SandboxStatus } from './sandbox-run.js';

export interface SandboxOptions {
  /** The best there is, or one kind alone. `none`: the operator trusts every author, and programs run as the builder itself. */
  readonly mode: 'auto' | SandboxKind;
  /** As in PATH: where `bwrap` is looked for. */
  readonly searchPath: string;
  /** The folder that `toolchains add` fills; undefined without one. */
  readonly toolchains?: string | undefined;
  /** A folder of this builder alone, for what sandboxes need themselves. */
  readonly scratch: string;
}

/**
 * Runs programs that nobody vouches for. Inside there are the system's programs, read-only, an own /tmp, /proc and /dev, and
 * the paths of the run: no other file of the host, no other process, no secret of the environment, no network but a loopback
 * of its own, and no privilege to be gained. Every process is gone when `run` resolves, and when the builder dies.
 */
export interface Sandbox {
  /** Tries what there is, and remembers the answer for half a minute. Does not throw. */
  detect(): Promise<SandboxStatus>;
  /** Throws `build.sandbox_unavailable` where nothing confines programs; any other error is a fault of ours. */
  run(run: SandboxRun): Promise<SandboxResult>;
}

const rememberedMs = 30_000;

export function createSandbox(options: SandboxOptions): Sandbox {
  return options.mode === 'none' ? unconfined : new ConfinedSandbox(options);
}

const unconfined: Sandbox = {
  detect: async () => ({ kind: 'none' }),
  run: (run) => runBounded(unconfinedCommand(run), run),
};

class ConfinedSandbox implements Sandbox {
  private found: { readonly atMs: number; readonly confinement: Promise<Confinement | Unavailable> } | undefined;

  constructor(private readonly options: SandboxOptions) {}

  async detect(): Promise<SandboxStatus> {
    const confinement = await this.confinement();
    return 'reason' in confinement ? { kind: 'none', reason: confinement.reason } : { kind: confinement.kind };
  }

  async run(run: SandboxRun): Promise<SandboxResult> {
    const confinement = await this.confinement();
    if ('reason' in confinement) throw new BuildError('build.sandbox_unavailable', confinement.reason);
    for (const folder of run.readWrite) await giveToInnerUser(folder);
    return runBounded(confinement.command(run, await planMounts(run)), run);
  }

  private confinement(): Promise<Confinement | Unavailable> {
    const nowMs = performance.now();
    if (this.found === undefined || nowMs - this.found.atMs > rememberedMs) {
      this.found = { atMs: nowMs, confinement: firstThatWorks(this.options).catch(() => ({ reason: unavailableReason })) };
    }
    return this.found.confinement;
  }
}

interface Unavailable {
  /** One line, with what to do. */
  readonly reason: string;
}

const unavailableReason =
  process.platform === 'linux'
    ? 'No sandbox works here: install bubblewrap and util-linux (setpriv, prlimit), allow user namespaces, or set TORII_BUILD_SANDBOX=none where every author of functions is trusted'
    : 'There is no sandbox for this system: run a builder on Linux, or set TORII_BUILD_SANDBOX=none where every author of functions is trusted';

async function firstThatWorks(options: SandboxOptions): Promise<Confinement | Unavailable> {
  const { mode, searchPath, toolchains, scratch } = options;
  for (const folder of toolchains === undefined ? [scratch] : [scratch, toolchains]) {
    if (isInSystem(await realPathOf(folder))) {
      return { reason: `${folder} is among the system's programs, which each build can read: set TORII_HOME to another folder` };
    }
  }
  for (const confinement of await findConfinements({ searchPath, toolchains, scratch })) {
    if ((mode === 'auto' || mode === confinement.kind) && (await confines(confinement))) return confinement;
  }
  return { reason: unavailableReason };
}

/** Of what there is of a path, the rest of it behind. */
async function realPathOf(place: string): Promise<string> {
  const absolute = path.resolve(place);
  const parent = path.dirname(absolute);
  return realpath(absolute).catch(async () => (parent === absolute ? absolute : path.join(await realPathOf(parent), path.basename(absolute))));
}

const processesOfProbeMax = 8;
const probeLimits = { wallMs: 10_000, cpuSeconds: 5, fileMaxBytes: 1024, processesMax: 64, openFilesMax: 64, outputMaxBytes: 4096 };

/** Whether a program runs in it, as nobody, among no other processes than its own, and can write to its own /tmp. */
async function confines(confinement: Confinement): Promise<boolean> {
  let said = '';
  const run: SandboxRun = {
    command: 'sh',
    args: ['-c', ': >written && set -- /proc/[0-9]* && echo "$(id -u) $#"'],
    cwd: ownTemporaryFolder,
    env: { PATH: '/usr/bin:/bin' },
    readOnly: [],
    readWrite: [],
    limits: probeLimits,
    signal: new AbortController().signal,
    onOutput: (_stream, chunk) => {
      said += chunk.toString('utf8');
    },
  };
  const result = await runBounded(confinement.command(run, await planMounts(run)), run).catch(() => undefined);
  const [userId, processes] = said.trim().split(' ').map(Number);
  return result?.exitCode === 0 && userId === innerUserId && processes !== undefined && processes < processesOfProbeMax;
}

/** A root builder's program is somebody else inside, who must own what it may write. Once per folder: links are not followed. */
async function giveToInnerUser(folder: string): Promise<void> {
  if (!isRoot || (await lstat(folder)).uid === innerUserId) return;
  await promisify(execFile)('chown', ['-Rh', `${innerUserId}:${innerUserId}`, '--', folder], { env: { PATH: '/usr/bin:/bin' } });
}

/** Only the bounds that a shell can set, since there may be no util-linux either. */
function unconfinedCommand({ command, args, cwd, env, limits }: SandboxRun): string[] {
  const script = 'ulimit -c 0; ulimit -t "$1"; ulimit -n "$2" 2>/dev/null; cd "$3" || exit 126; shift 3; exec "$@"';
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [
    '/bin/sh',
    '-c',
    script,
    'sh',
    String(limits.cpuSeconds),
    String(limits.openFilesMax),
    cwd,
    'env',
    '-i',
    ...variables,
    ...begun,
    command,
    ...args,
  ];
}

import { BuildError, type BuildErrorCode } from '@torii/contracts';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxLimits, SandboxRun } from '../../sandbox/sandbox-run.js';
import { throwWhenEnded } from '../../sandbox/throw-when-ended.js';
import type { GoToolchain } from './find-go.js';

const mebi = 1_048_576;

/** What go is to do, and what it may see beside its toolchain. */
export interface GoRun extends Omit<SandboxRun, 'command' | 'onOutput'> {
  /** A cache for go's own, GOCACHE of the environment, to begin with. */
  readonly seed?: string;
  /** Told of what go prints beside its answer, as it does. */
  readonly onMessage: (text: string) => void;
}

export interface GoAnswer {
  readonly isOk: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Go opens the files of its cache by name, and follows links. What cannot be linked is compiled again, and no fault of the
 * sources: nothing is said of it.
 */
const linkSeed = 'cp -R -s -- "$1" "$2" 2>/dev/null; shift 2; exec "$@"';

/** Runs go in the sandbox. Throws `BuildError` when a bound ended it, and the reason of an abort. */
export async function runGo(sandbox: Sandbox, toolchain: GoToolchain, { onMessage, seed, ...run }: GoRun): Promise<GoAnswer> {
  const said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const result = await sandbox.run({
    ...run,
    ...(seed === undefined
      ? { command: toolchain.go }
      : { command: 'sh', args: ['-c', linkSeed, 'sh', seed, run.env.GOCACHE ?? '', toolchain.go, ...run.args] }),
    readOnly: [toolchain.goRoot, ...run.readOnly, ...(seed === undefined ? [] : [seed])],
    onOutput: (stream, chunk) => {
      said[stream].push(chunk);
      if (stream === 'stderr') onMessage(chunk.toString('utf8'));
    },
  });
  throwWhenEnded('Go', result, run.limits, run.signal);
  const text = (stream: keyof typeof said): string => Buffer.concat(said[stream]).toString('utf8');
  const answer = { isOk: result.exitCode === 0, stdout: text('stdout'), stderr: text('stderr') };
  if (!answer.isOk) throwForLimit(answer.stderr, run.limits);
  return answer;
}

/** What go says when one of the programs that it starts reached a limit of the system. */
const limitSigns: readonly (readonly [RegExp, BuildErrorCode, (limits: SandboxLimits) => string])[] = [
  [
    /^fatal error: runtime: (?:cannot allocate|out of) memory|cannot allocate memory$|signal: killed$/m,
    'build.memory_exceeded',
    ({ memoryMaxBytes }) => `Go needed more than ${Math.floor((memoryMaxBytes ?? 0) / mebi)} MiB of memory: make the source simpler`,
  ],
  [
    /signal: (?:CPU|cpu) time limit exceeded/m,
    'build.deadline_exceeded',
    ({ cpuSeconds }) => `Go computed for more than ${cpuSeconds} s: make the source simpler`,
  ],
  [
    /signal: file size limit exceeded|file too large/m,
    'build.too_large',
    ({ fileMaxBytes }) => `Go wrote a file of more than ${Math.floor(fileMaxBytes / mebi)} MiB`,
  ],
  [/no space left on device/m, 'build.too_large', () => 'Go wrote more temporary files than there is room for: make the source simpler'],
];

function throwForLimit(stderr: string, limits: SandboxLimits): void {
  for (const [sign, code, detail] of limitSigns) if (sign.test(stderr)) throw new BuildError(code, detail(limits));
}

/** What go's own files take beside the module: its cache and its temporary files. */
const workMaxBytes = 1024 * mebi;
/** A build has its own deadline, and aborts; this one is for the builder's own runs. */
const wallMs = 600_000;

export function goLimits({ memoryMaxBytes, outputMaxBytes }: { readonly memoryMaxBytes: number; readonly outputMaxBytes: number }): SandboxLimits {
  return {
    wallMs,
    cpuSeconds: 120,
    // Packages of the standard library are among the files too.
    fileMaxBytes: Math.max(outputMaxBytes, 128 * mebi),
    processesMax: 1024,
    openFilesMax: 2048,
    memoryMaxBytes,
    outputMaxBytes: 4 * mebi,
    diskMaxBytes: workMaxBytes,
  };
}

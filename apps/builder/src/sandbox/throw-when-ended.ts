import { BuildError } from '@torii/contracts';
import type { SandboxLimits, SandboxResult } from './sandbox-run.js';

const mebi = 1_048_576;

/**
 * Nothing for a program that ended by itself, with whatever result; else throws the `BuildError` that says which bound was
 * reached, the reason of the abort, or an `Error` when it was neither: the system ends what is in its way. `what` is what ran, such as `The Go compiler`.
 */
export function throwWhenEnded(what: string, result: SandboxResult, limits: SandboxLimits, signal: AbortSignal): void {
  switch (result.endedBy) {
    case 'aborted':
      throw signal.reason;
    case 'deadline':
      throw new BuildError('build.deadline_exceeded', `${what} took longer than ${limits.wallMs} ms: make the source simpler`);
    case 'memory':
      throw new BuildError(
        'build.memory_exceeded',
        `${what} needed more than ${inMebi(limits.memoryMaxBytes)} MiB of memory: make the source simpler`,
      );
    case 'output':
      throw new BuildError('build.too_large', `${what} printed more than ${inMebi(limits.outputMaxBytes)} MiB`);
    case 'disk':
      throw new BuildError(
        'build.too_large',
        `${what} left more than ${inMebi(limits.diskMaxBytes)} MiB on disk, too many files, or folders that nobody can look into`,
      );
    case undefined:
      throwForSignal(what, result, limits);
  }
}

function throwForSignal(what: string, { signal }: SandboxResult, limits: SandboxLimits): void {
  if (signal === 'SIGXCPU') {
    throw new BuildError('build.deadline_exceeded', `${what} computed for more than ${limits.cpuSeconds} s: make the source simpler`);
  }
  if (signal === 'SIGXFSZ') {
    throw new BuildError('build.too_large', `${what} wrote a file of more than ${inMebi(limits.fileMaxBytes)} MiB`);
  }
  if (signal === 'SIGKILL') throw new Error(`${what} was ended by SIGKILL: the machine may have no memory left`);
}

function inMebi(bytes: number | undefined): number {
  return Math.floor((bytes ?? 0) / mebi);
}

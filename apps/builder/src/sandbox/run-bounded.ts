import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { useOfFolder } from './folder-use.js';
import { inheritedDescriptors } from './inherited-descriptors.js';
import { useOfDescendants } from './process-tree.js';
import type { SandboxEnd, SandboxResult, SandboxRun } from './sandbox-run.js';

/** How often memory is looked at, and the folders (ms). What is taken in between is bounded by the limits per process. */
const memoryEveryMs = 100;
const diskEveryMs = 500;
/** After a look there is a rest of so many times what it took, but of no more intervals than that. */
const [restPerLook, intervalsMax] = [10, 10];
const defaultFilesMax = 100_000;
/** After it was killed; a process in the kernel's hands may take its time (ms). */
const goneWithinMs = 5_000;
/** A program that a signal ended is answered as this plus the signal's number by the programs around it. */
const signalExitBase = 128;

/** Out of memory, Linux ends what has the highest score, https://docs.kernel.org/filesystems/proc.html: never the builder. */
const expendable = '{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; exec "$@"';

const beginning = 3;
const keptWordsMax = 2_000;

/**
 * Stands before the program itself in every command: says that all is ready for it, where the program cannot say so. It is
 * not begun when nobody is there to hear that. What ties its life to the builder's is made on the way, and a builder that is
 * killed before that was done would leave it behind.
 */
export const begun: readonly string[] = ['/bin/sh', '-c', `echo >&${beginning} || exit; exec ${beginning}>&-; exec "$@"`, 'sh'];

/**
 * Starts a command, the program of `run` with whatever confines it around, and resolves when it and all its processes are
 * gone: by themselves, or because a bound of the run was reached. Throws, with what was said, when the program was not begun.
 */
export async function runBounded(command: readonly string[], run: SandboxRun): Promise<SandboxResult> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error('there is no command to run');
  const inherited = await inheritedDescriptors(process.pid);
  if (run.signal.aborted) return ended('aborted');
  const child = start(program, args, inherited);
  const watch = new RunWatch(child, run);
  try {
    const { code, signal } = await exitOf(child, watch);
    await watch.lookAtTheEnd();
    if (watch.endedBy !== undefined) return ended(watch.endedBy);
    if (!watch.hasBegun) throw new Error(`the sandbox could not be made: ${watch.firstWords}`);
    const signalName = signal ?? signalOf(code);
    return { exitCode: signalName === undefined ? (code ?? undefined) : undefined, signal: signalName, endedBy: undefined, timedOut: false };
  } finally {
    watch.stop();
    // What no namespace holds may have outlived its parent.
    killGroup(child);
  }
}

/**
 * With nothing of ours: no environment, and no open file but those that are read. `inherited` are those which Node does not
 * close, because they came from whoever started the builder.
 */
function start(program: string, args: readonly string[], inherited: readonly number[]): ChildProcess {
  const nothing = openSync('/dev/null', 'r');
  try {
    const stdio: (number | 'ignore' | 'pipe')[] = ['ignore', 'pipe', 'pipe', 'pipe'];
    for (const descriptor of inherited) {
      if (descriptor <= beginning) continue;
      while (stdio.length < descriptor) stdio.push('ignore');
      stdio[descriptor] = nothing;
    }
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
    // A group of its own, so that one signal reaches all of it.
    return spawn('/bin/sh', ['-c', expendable, 'sh', program, ...args], { cwd: '/', env, stdio, detached: true });
  } finally {
    closeSync(nothing);
  }
}

function ended(by: SandboxEnd): SandboxResult {
  return { exitCode: undefined, signal: 'SIGKILL', endedBy: by, timedOut: by === 'deadline' };
}

/** Kills a program at the first bound that it reaches. */
class RunWatch {
  endedBy: SandboxEnd | undefined;
  hasBegun = false;
  /** What was said before the program began, or by it at first. */
  firstWords = '';
  /** Resolves when the program was killed and is still not gone. */
  readonly givenUp: Promise<void>;
  private readonly timers = new Set<NodeJS.Timeout>();
  private isOver = false;
  private readonly onAbort = (): void => this.end('aborted');
  private giveUp: () => void = () => undefined;
  private outputBytes = 0;

  constructor(
    private readonly child: ChildProcess,
    private readonly run: SandboxRun,
  ) {
    this.givenUp = new Promise((resolve) => {
      this.giveUp = resolve;
    });
    const { limits, signal } = run;
    this.timers.add(setTimeout(() => this.end('deadline'), limits.wallMs));
    if (limits.memoryMaxBytes !== undefined) this.every(memoryEveryMs, () => this.checkMemory());
    if (limits.diskMaxBytes !== undefined) this.every(diskEveryMs, () => this.checkDisk());
    signal.addEventListener('abort', this.onAbort, { once: true });
    child.stdio[beginning]?.once('data', () => {
      this.hasBegun = true;
    });
    child.stdout?.on('data', (chunk: Buffer) => this.take('stdout', chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.take('stderr', chunk));
  }

  stop(): void {
    this.isOver = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.run.signal.removeEventListener('abort', this.onAbort);
  }

  /** What a program left on disk counts also when it ended before anybody looked. */
  async lookAtTheEnd(): Promise<void> {
    if (this.endedBy === undefined) await this.checkDisk();
  }

  /** Again and again until the run is over, less often where a look takes long. */
  private every(intervalMs: number, look: () => void | Promise<void>): void {
    const next = (delayMs: number): void => {
      if (this.isOver || this.endedBy !== undefined) return;
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        void lookOnce();
      }, delayMs);
      this.timers.add(timer);
    };
    const lookOnce = async (): Promise<void> => {
      const startedAtMs = performance.now();
      await look();
      const tookMs = performance.now() - startedAtMs;
      next(Math.max(intervalMs, Math.min(tookMs * restPerLook, intervalMs * intervalsMax)));
    };
    next(intervalMs);
  }

  private checkMemory(): void {
    const { pid } = this.child;
    const { memoryMaxBytes } = this.run.limits;
    if (pid === undefined || memoryMaxBytes === undefined) return;
    if (useOfDescendants(pid).residentBytes > memoryMaxBytes) this.end('memory');
  }

  private async checkDisk(): Promise<void> {
    const { diskMaxBytes, filesMax = defaultFilesMax } = this.run.limits;
    if (diskMaxBytes === undefined) return;
    let [files, bytes] = [0, 0];
    for (const folder of this.run.measured ?? this.run.readWrite) {
      const use = await useOfFolder(folder, filesMax);
      files += use.files;
      bytes += use.bytes;
    }
    if (bytes > diskMaxBytes || files > filesMax) this.end('disk');
  }

  private take(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (this.endedBy !== undefined) return;
    if (!this.hasBegun && this.firstWords.length < keptWordsMax) this.firstWords += chunk.toString('utf8').slice(0, keptWordsMax);
    const room = this.run.limits.outputMaxBytes - this.outputBytes;
    this.outputBytes += chunk.length;
    if (room > 0) this.run.onOutput(stream, chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (chunk.length > room) this.end('output');
  }

  private end(by: SandboxEnd): void {
    if (this.endedBy !== undefined) return;
    this.endedBy = by;
    killGroup(this.child);
    this.timers.add(setTimeout(() => this.giveUp(), goneWithinMs));
  }
}

/** Waits until the program is gone and its output read; not for the output of one that had to be given up. */
function exitOf(child: ChildProcess, watch: RunWatch): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
    void watch.givenUp.then(() => resolve({ code: null, signal: 'SIGKILL' }));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function signalOf(code: number | null): string | undefined {
  if (code === null || code <= signalExitBase) return undefined;
  return Object.entries(constants.signals).find(([, number]) => number === code - signalExitBase)?.[0];
}

import { type ChildProcess, fork } from 'node:child_process';
import { pid as builderPid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { BuildError } from '@torii/contracts';

export interface CompileProcessesOptions {
  /** How many processes without work are kept warm for the builds to come. */
  readonly idleMax?: number;
  /** How long one is kept. */
  readonly idleMs?: number;
  /** A process is given up after so many jobs, whatever it may have leaked by then. */
  readonly jobsMax?: number;
  /** More flags of Node, for a compiler that has to do more than read what it is made of. */
  readonly nodeFlags?: readonly string[];
}

/** What a process says of one job; when `isSpent` it is not to be given another. */
export interface ProcessReply<Answer> {
  readonly answer: Answer;
  readonly isSpent?: boolean;
}

export interface RunOptions {
  /** The process is killed when this is aborted, in the middle of whatever it does. */
  readonly signal: AbortSignal;
  /** For the heap of JavaScript, and again for the memory of the compiler where that is WebAssembly itself. */
  readonly memoryMaxBytes: number;
}

interface CompileProcess {
  readonly child: ChildProcess;
  readonly memoryMaxBytes: number;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
  /** The last it printed. */
  printed: string;
  jobs: number;
  idleTimer?: NodeJS.Timeout;
}

const idleMaxDefault = 2;
const idleMsDefault = 10 * 60_000;
const jobsMaxDefault = 50;
const mebibyte = 1024 * 1024;
const printedMaxChars = 8_192;

const root = new URL('../../../../', import.meta.url);
/** The only folders of the host that a compiler reads: what is installed with the builder. */
const readable = ['node_modules', 'apps/builder', 'packages', 'pdks'].map((folder) => fileURLToPath(new URL(folder, root)));

/**
 * Processes in which compilers run that are JavaScript or WebAssembly themselves, each job alone in one.
 *
 * Not threads: V8 ends the whole process when a single allocation does not fit into the heap of a thread, and sources can
 * bring that about. A process gets no environment variables, and Node's permission model keeps it from the network, from
 * other programs, and from all files but those it is made of. How many run at a time is up to the callers: one for each build.
 */
export class CompileProcesses<Job extends object, Answer> {
  private readonly idle: CompileProcess[] = [];
  private readonly idleMax: number;
  private readonly idleMs: number;
  private readonly jobsMax: number;
  private readonly nodeFlags: readonly string[];

  /** `entry` is the built file that each process runs; it answers every message with a `ProcessReply`. */
  constructor(
    private readonly entry: URL,
    options: CompileProcessesOptions = {},
  ) {
    this.idleMax = options.idleMax ?? idleMaxDefault;
    this.idleMs = options.idleMs ?? idleMsDefault;
    this.jobsMax = options.jobsMax ?? jobsMaxDefault;
    this.nodeFlags = options.nodeFlags ?? [];
  }

  /**
   * Runs a job to its end, or until the signal is aborted: it then rejects with the signal's reason. Throws
   * `build.memory_exceeded` when the process ran out of memory, and `Error` when it ended for any other reason.
   */
  async run(job: Job, { signal, memoryMaxBytes }: RunOptions): Promise<Answer> {
    signal.throwIfAborted();
    const process = this.take(memoryMaxBytes);
    let isReusable = false;
    try {
      const reply = await replyOf<Answer>(process, job, signal);
      isReusable = reply.isSpent !== true;
      return reply.answer;
    } finally {
      process.jobs += 1;
      if (isReusable && process.jobs < this.jobsMax && this.idle.length < this.idleMax) this.keep(process);
      else await end(process);
    }
  }

  /** Ends the processes that have no work. */
  async close(): Promise<void> {
    await Promise.all(this.idle.splice(0).map(end));
  }

  private take(memoryMaxBytes: number): CompileProcess {
    const index = this.idle.findLastIndex((process) => process.memoryMaxBytes === memoryMaxBytes);
    const [warm] = index < 0 ? [] : this.idle.splice(index, 1);
    if (warm === undefined) return this.start(memoryMaxBytes);
    clearTimeout(warm.idleTimer);
    setKeepsAlive(warm, true);
    return warm;
  }

  private start(memoryMaxBytes: number): CompileProcess {
    const child = fork(this.entry, [String(memoryMaxBytes), String(builderPid)], {
      env: {},
      execArgv: [
        `--max-old-space-size=${Math.ceil(memoryMaxBytes / mebibyte)}`,
        '--permission',
        // For the thread that watches whether the builder is still there.
        '--allow-worker',
        ...readable.map((folder) => `--allow-fs-read=${folder}`),
        ...this.nodeFlags,
        '--disable-warning=SecurityWarning',
        '--disable-warning=ExperimentalWarning',
      ],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    const process: CompileProcess = { child, memoryMaxBytes, gone, printed: '', jobs: 0 };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      process.printed = (process.printed + text).slice(-printedMaxChars);
    });
    void gone.then(() => this.forget(process));
    return process;
  }

  private keep(process: CompileProcess): void {
    setKeepsAlive(process, false);
    process.idleTimer = setTimeout(() => {
      this.forget(process);
      void end(process);
    }, this.idleMs);
    process.idleTimer.unref();
    this.idle.push(process);
  }

  private forget(process: CompileProcess): void {
    const index = this.idle.indexOf(process);
    if (index >= 0) this.idle.splice(index, 1);
  }
}

/** Whether the process keeps that of the builder from ending. */
function setKeepsAlive({ child }: CompileProcess, keepsAlive: boolean): void {
  const stderr = child.stderr as { ref?(): void; unref?(): void } | null;
  if (keepsAlive) {
    child.ref();
    child.channel?.ref();
    stderr?.ref?.();
  } else {
    child.unref();
    child.channel?.unref();
    stderr?.unref?.();
  }
}

function end({ child, gone, idleTimer }: CompileProcess): Promise<void> {
  clearTimeout(idleTimer);
  child.ref();
  child.kill('SIGKILL');
  return gone;
}

function replyOf<Answer>(process: CompileProcess, job: object, signal: AbortSignal): Promise<ProcessReply<Answer>> {
  const { child } = process;
  const { promise, resolve, reject } = Promise.withResolvers<ProcessReply<Answer>>();
  const onMessage = (reply: unknown): void => resolve(reply as ProcessReply<Answer>);
  // Not at `exit`: the last that it printed may still be on its way then.
  const onClose = (code: number | null, killedBy: NodeJS.Signals | null): void => reject(endedError(process, killedBy ?? code));
  const onAbort = (): void => reject(signal.reason);
  child.on('message', onMessage);
  child.on('error', reject);
  child.on('close', onClose);
  signal.addEventListener('abort', onAbort);
  child.send(job, (error) => {
    if (error !== null) reject(error);
  });
  return promise.finally(() => {
    child.off('message', onMessage);
    child.off('error', reject);
    child.off('close', onClose);
    signal.removeEventListener('abort', onAbort);
  });
}

function endedError({ printed }: CompileProcess, how: NodeJS.Signals | number | null): Error {
  if (/out of memory|Array buffer allocation failed/i.test(printed)) return memoryExceeded();
  return new Error(`the compiling process ended with ${how}: ${printed.slice(0, 1_000)}`);
}

function memoryExceeded(): BuildError {
  return new BuildError('build.memory_exceeded', 'Compiling needs more memory than a build may have: make the source smaller, or its types simpler.');
}

/** What bounds one program in the sandbox. All of them hold for everything that it starts as well. */
export interface SandboxLimits {
  /** From the start to the end of the last process (ms). */
  readonly wallMs: number;
  /** Computing of any one process (s). */
  readonly cpuSeconds: number;
  readonly fileMaxBytes: number;
  /** Processes and threads together. */
  readonly processesMax: number;
  /** Of any one process. */
  readonly openFilesMax: number;
  /** Of any one process, which cannot get more, and of all of them together, which are ended when they have more. */
  readonly memoryMaxBytes?: number;
  /** All that it prints; a program that prints more is ended. */
  readonly outputMaxBytes: number;
  /**
   * What lies in the writable folders that are measured; a program that leaves more there, too many files, or a folder that cannot be looked
   * into, is ended.
   */
  readonly diskMaxBytes?: number;
  /** Files and folders there; 100,000 unless given. Counts only with `diskMaxBytes`. */
  readonly filesMax?: number;
}

/** A program and all that it may see. Paths are absolute and the same inside as outside. */
export interface SandboxRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Files and folders, beside the system's programs and libraries. What does not exist is an error. */
  readonly readOnly: readonly string[];
  /** Folders. Where the builder is root they are given to the user inside, with all that is in them. */
  readonly readWrite: readonly string[];
  /** Those of them that `diskMaxBytes` is for; all unless given. */
  readonly measured?: readonly string[];
  readonly limits: SandboxLimits;
  /** Aborted: every process is gone before `run` resolves. */
  readonly signal: AbortSignal;
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
}

/** Which bound ended a program, when one did. */
export type SandboxEnd = 'deadline' | 'aborted' | 'memory' | 'output' | 'disk';

export interface SandboxResult {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Undefined when it ended by itself. */
  readonly endedBy: SandboxEnd | undefined;
  readonly timedOut: boolean;
}

export type SandboxKind = 'bubblewrap' | 'unshare' | 'none';

/** What confines builds here; with a reason when nothing does, and then nothing is run. */
export interface SandboxStatus {
  readonly kind: SandboxKind;
  /** One line on what is missing and what to do. */
  readonly reason?: string;
}

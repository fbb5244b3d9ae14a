import type { Diagnostic, LanguageName, LanguageStatus } from '@torii/contracts';

/** The sources of one function, and what is wanted of them. */
export interface CompileRequest {
  /** By path, as `FilePath` promises: relative, without `..`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The path that the build begins with; one of `files`. */
  readonly entry: string;
  /** Functions that the module must export; empty for whatever the source exports. */
  readonly functionNames: readonly string[];
  /** The function's name, for what compilers call a module. */
  readonly name: string;
}

export interface CompileLimits {
  /** Memory of the compiler, where it can be limited. */
  readonly memoryMaxBytes: number;
  /** What the compiler may leave on disk, and the module it makes. */
  readonly outputMaxBytes: number;
}

/** What a compiler gets from the build it works for. */
export interface CompileContext {
  /** Aborted at the deadline of the build, or when it is cancelled: the compile ends within a second, with any error. */
  readonly signal: AbortSignal;
  readonly limits: CompileLimits;
  /** An empty folder of this build alone, mode 0700; removed when the build is over. */
  readonly folder: () => Promise<string>;
  readonly stage: (stage: 'dependencies' | 'compiling') => void;
  /** A piece of text for the log; split into lines, cut and bounded by the receiver. */
  readonly log: (stream: 'torii' | 'stdout' | 'stderr', text: string) => void;
}

export interface CompileResult {
  /** An Extism plugin. */
  readonly wasm: Uint8Array;
  readonly warnings: readonly Diagnostic[];
  /** Something stands in for what could not be fetched: made again later, the module may be another, so it is for this build alone. */
  readonly isMakeshift?: boolean;
}

/** Makes modules of the sources of one language. One instance serves all builds of a builder, several at a time. */
export interface Compiler {
  readonly language: LanguageName;
  /** Looks whether everything it needs is there; does not throw. Asked at start and every minute. */
  detect(): Promise<LanguageStatus>;
  /**
   * Compiles in a sandbox: the sources read no file but themselves, and reach no network but dependencies on an allow-list.
   * The same request with the same toolchain makes the same bytes. Throws `BuildError` for whatever the sources' author
   * must act on; any other error is a fault of ours, and the build is tried again.
   */
  compile(request: CompileRequest, context: CompileContext): Promise<CompileResult>;
}

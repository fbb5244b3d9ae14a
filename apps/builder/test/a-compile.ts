import type { CompileContext, CompileLimits, CompileResult, Compiler } from '../src/compilers/compiler.js';

export interface TestCompile {
  readonly entry?: string;
  readonly functionNames?: readonly string[];
  readonly signal?: AbortSignal;
  readonly limits?: Partial<CompileLimits>;
}

export interface Compiled extends CompileResult {
  readonly log: string;
}

const MiB = 1024 * 1024;
/** Generous, so that only what a test is about can fail. */
const limits: CompileLimits = { memoryMaxBytes: 1024 * MiB, outputMaxBytes: 64 * MiB };

/** Compiles files by path, or one file under the entry's name, with no folder on disk to write to. */
export async function compileWith(
  compiler: Compiler,
  files: string | Readonly<Record<string, string>>,
  options: TestCompile = {},
): Promise<Compiled> {
  const entry = options.entry ?? (compiler.language === 'wat' ? 'main.wat' : 'index.ts');
  const sources = Object.entries(typeof files === 'string' ? { [entry]: files } : files);
  let log = '';
  const context: CompileContext = {
    signal: options.signal ?? new AbortController().signal,
    limits: { ...limits, ...options.limits },
    folder: () => Promise.reject(new Error('this language needs no folder')),
    stage: () => undefined,
    log: (_, text) => {
      log += text;
    },
  };
  const request = {
    files: new Map(sources.map(([path, text]) => [path, new TextEncoder().encode(text)])),
    entry,
    functionNames: options.functionNames ?? [],
    name: 'test',
  };
  return { ...(await compiler.compile(request, context)), log };
}

import path from 'node:path';
import { BuildError, type LanguageStatus } from '@torii/contracts';
import { javaScriptToolchain } from '@torii/js-compiler';
import type { NpmDependencies } from '../dependencies/npm.js';
import { type CompileAnswer, resultOf } from './compile-answer.js';
import { CompileProcesses, type CompileProcessesOptions } from './compile-processes.js';
import type { CompileContext, CompileRequest, CompileResult, Compiler } from './compiler.js';
import type { JavaScriptJob } from './javascript/javascript-job.js';

type Language = 'javascript' | 'typescript';

export interface JavaScriptCompilerOptions {
  /** What installs the packages that a function names. */
  readonly dependencies: NpmDependencies;
  readonly processes?: Omit<CompileProcessesOptions, 'nodeFlags'>;
}

// A process always runs the built file, also when tests run the sources.
const isSource = import.meta.url.includes('/builder/src/');
const worker = new URL(`${isSource ? '../../dist/compilers' : '.'}/javascript/javascript.worker.js`, import.meta.url);

/** Both languages are built in the same way, and by the same processes. */
export interface JavaScriptCompilers {
  readonly javascript: Compiler;
  readonly typescript: Compiler;
  /** Ends the processes that are kept warm. */
  close(): Promise<void>;
}

/**
 * JavaScript and TypeScript: bundled by esbuild, loaded into QuickJS, and the whole written out as a module. Functions
 * import their own files, `@torii/pdk`, and the packages of their package.json.
 */
export function createJavaScriptCompilers({ dependencies, processes }: JavaScriptCompilerOptions): JavaScriptCompilers {
  const flags = ['--allow-child-process', `--allow-fs-read=${path.join(dependencies.folder, '*')}`];
  const shared = new CompileProcesses<JavaScriptJob, CompileAnswer>(worker, { ...processes, nodeFlags: flags });
  return {
    javascript: new JavaScriptCompiler('javascript', dependencies, shared),
    typescript: new JavaScriptCompiler('typescript', dependencies, shared),
    close: () => shared.close(),
  };
}

class JavaScriptCompiler implements Compiler {
  constructor(
    readonly language: Language,
    private readonly dependencies: NpmDependencies,
    private readonly processes: CompileProcesses<JavaScriptJob, CompileAnswer>,
  ) {}

  async detect(): Promise<LanguageStatus> {
    const name = this.language;
    try {
      return { name, available: true, toolchain: javaScriptToolchain() };
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      return { name, available: false, reason: `Its engine cannot be read, install the builder again: ${said}` };
    }
  }

  async compile(request: CompileRequest, context: CompileContext): Promise<CompileResult> {
    const { files, entry } = request;
    if (!files.has(entry)) throw new BuildError('build.missing_entry', `There is no file ${entry} to begin with: add it, or set entry.`);
    return this.dependencies.with(files, context, (nodeModules) => this.compileWith(request, nodeModules, context));
  }

  private async compileWith(request: CompileRequest, nodeModules: string | undefined, context: CompileContext): Promise<CompileResult> {
    const { files, entry, functionNames } = request;
    const { limits, signal } = context;
    context.stage('compiling');
    const { outputMaxBytes, memoryMaxBytes } = limits;
    const job: JavaScriptJob = { files, entry, functionNames, nodeModules, outputMaxBytes, bundlerMaxBytes: memoryMaxBytes };
    return resultOf(await this.processes.run(job, { signal, memoryMaxBytes }), context);
  }
}

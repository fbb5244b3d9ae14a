import { BuildError, type LanguageStatus } from '@torii/contracts';
import type { AssemblyScriptJob } from './assemblyscript/assemblyscript-job.js';
import { readLibraryFiles } from './assemblyscript/library-files.js';
import { type CompileAnswer, resultOf } from './compile-answer.js';
import { CompileProcesses, type CompileProcessesOptions } from './compile-processes.js';
import type { CompileContext, CompileRequest, CompileResult, Compiler } from './compiler.js';

// A process always runs the built file, also when tests run the sources.
const isSource = import.meta.url.includes('/builder/src/');
const folder = isSource ? '../../dist/compilers/assemblyscript' : './assemblyscript';
const worker = new URL(`${folder}/assemblyscript.worker.js`, import.meta.url);

/**
 * AssemblyScript, by asc in a process on a file system that is only in memory. Functions import their own files,
 * `@torii/pdk`, `@extism/as-pdk` and `json-as`; the only transform is that of json-as, so that a build runs no code of theirs.
 */
export class AssemblyScriptCompiler implements Compiler {
  readonly language = 'assemblyscript';
  private readonly processes: CompileProcesses<AssemblyScriptJob, CompileAnswer>;
  private status: LanguageStatus | undefined;

  constructor(options: CompileProcessesOptions = {}) {
    this.processes = new CompileProcesses(worker, options);
  }

  detect(): Promise<LanguageStatus> {
    // What is there stays as it is; what is missing may come.
    if (this.status?.available !== true) this.status = statusOf();
    return Promise.resolve(this.status);
  }

  async compile(request: CompileRequest, context: CompileContext): Promise<CompileResult> {
    const { entry, files, functionNames } = request;
    if (!entry.endsWith('.ts')) throw new BuildError('build.missing_entry', `The entry ${entry} must be a file whose name ends with .ts.`);
    if (!files.has(entry)) throw new BuildError('build.missing_entry', `There is no file ${entry} to begin with: add it, or set entry.`);
    context.stage('compiling');
    const job: AssemblyScriptJob = { files, entry, functionNames };
    const answer = await this.processes.run(job, { signal: context.signal, memoryMaxBytes: context.limits.memoryMaxBytes });
    return resultOf(answer, context);
  }

  /** Ends the processes that are kept warm. */
  close(): Promise<void> {
    return this.processes.close();
  }
}

function statusOf(): LanguageStatus {
  const name = 'assemblyscript';
  try {
    return { name, available: true, toolchain: { ...readLibraryFiles().versions } };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { name, available: false, reason: `Its packages cannot be read, install them again: ${said}` };
  }
}

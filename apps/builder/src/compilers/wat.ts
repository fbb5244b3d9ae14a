import { createRequire } from 'node:module';
import { BuildError, type LanguageStatus } from '@torii/contracts';
import { type CompileAnswer, resultOf } from './compile-answer.js';
import { CompileProcesses, type CompileProcessesOptions } from './compile-processes.js';
import type { CompileContext, CompileRequest, CompileResult, Compiler } from './compiler.js';
import type { WatJob } from './wat/wat-job.js';

// A process always runs the built file, also when tests run the sources.
const worker = new URL(import.meta.url.includes('/builder/src/') ? '../../dist/compilers/wat/wat.worker.js' : './wat/wat.worker.js', import.meta.url);
const { version } = createRequire(import.meta.url)('wabt/package.json') as { version: string };

/** WebAssembly text, by wabt in a process. A module is one file, the entry; others may lie beside it, such as a README. */
export class WatCompiler implements Compiler {
  readonly language = 'wat';
  private readonly processes: CompileProcesses<WatJob, CompileAnswer>;

  constructor(options: CompileProcessesOptions = {}) {
    this.processes = new CompileProcesses(worker, options);
  }

  detect(): Promise<LanguageStatus> {
    return Promise.resolve({ name: this.language, available: true, toolchain: { wabt: version } });
  }

  async compile(request: CompileRequest, context: CompileContext): Promise<CompileResult> {
    const source = request.files.get(request.entry);
    if (source === undefined) throw new BuildError('build.missing_entry', `There is no file ${request.entry} to begin with: add it, or set entry.`);
    context.stage('compiling');
    const job: WatJob = { path: request.entry, source, functionNames: request.functionNames };
    const answer = await this.processes.run(job, { signal: context.signal, memoryMaxBytes: context.limits.memoryMaxBytes });
    return resultOf(answer, context);
  }

  /** Ends the processes that are kept warm. */
  close(): Promise<void> {
    return this.processes.close();
  }
}

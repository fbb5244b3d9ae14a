import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { AppError, type ModuleExport, type ModuleImport } from '@torii/contracts';

export interface ModuleDescription {
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  readonly memoryMinBytes: number;
  /** Why nodes could not run it. */
  readonly unsupported?: string;
}

export type Inspection =
  | { readonly outcome: 'module'; readonly description: ModuleDescription }
  | { readonly outcome: 'refused'; readonly reason: string };

/** How long a module may take to be checked. */
const inspectTimeoutMs = 30_000;
const heapMaxMb = 256;
/** Threads that are kept, and how many modules each checks: what one leaves behind must not add up. */
const idleMax = 2;
const inspectionsPerThreadMax = 100;

// A thread is always the built file, also when tests run the sources.
const workerUrl = new URL(
  import.meta.url.includes('/control-plane/src/') ? '../../dist/artifacts/inspect-module.worker.js' : './inspect-module.worker.js',
  import.meta.url,
);

/**
 * Reads and validates modules in threads of its own, each a module at a time. A thread is kept for the next one: one that has
 * just been made takes several times as long. Call it for no more modules at a time than there may be threads.
 */
export class ModuleInspector {
  private readonly idle: InspectingThread[] = [];

  /**
   * Throws `client.invalid` when the file is no WebAssembly module that we accept, or takes too long or too much memory to
   * check; `pointer` is where it stood in the request.
   */
  async inspect(file: string, pointer: string): Promise<ModuleDescription> {
    const misfit = await otherFormat(file);
    if (misfit !== undefined) throw refused(pointer, misfit);
    const inspection = await this.inThread(file, pointer);
    if (inspection.outcome === 'refused') throw refused(pointer, `is not a valid WebAssembly module: ${inspection.reason}`);
    return inspection.description;
  }

  async close(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((thread) => thread.close()));
  }

  private async inThread(file: string, pointer: string): Promise<Inspection> {
    const thread = this.idle.pop() ?? new InspectingThread();
    let isReusable = false;
    try {
      const inspection = await thread.inspect(file, pointer);
      isReusable = thread.inspections < inspectionsPerThreadMax && this.idle.length < idleMax;
      return inspection;
    } finally {
      if (isReusable) this.idle.push(thread);
      else await thread.close();
    }
  }
}

/** Says by name what callers upload by mistake. */
async function otherFormat(file: string): Promise<string | undefined> {
  const header = Buffer.alloc(8);
  const handle = await open(file);
  try {
    const { bytesRead } = await handle.read(header, 0, header.length, 0);
    if (bytesRead === 0) return 'is empty';
    if (bytesRead < header.length || header.readUInt32BE(0) !== 0x0061736d) return 'is not WebAssembly: it does not begin with \\0asm';
  } finally {
    await handle.close();
  }
  const version = header.readUInt32LE(4);
  if (version === 1) return undefined;
  if (header.readUInt16LE(6) === 1) return 'is a WebAssembly component: a core module is needed';
  return `is WebAssembly of version ${version}: version 1 is needed`;
}

class InspectingThread {
  inspections = 0;
  private readonly worker = new Worker(workerUrl, { resourceLimits: { maxOldGenerationSizeMb: heapMaxMb } });

  constructor() {
    // Without anything to do it keeps no process alive.
    this.worker.unref();
    this.worker.on('error', () => undefined); // told to whoever waits for it, if anybody does
  }

  /** After any failure the thread is of no more use. */
  inspect(file: string, pointer: string): Promise<Inspection> {
    const { worker } = this;
    this.inspections += 1;
    return new Promise<Inspection>((resolve, reject) => {
      const onMessage = (inspection: Inspection): void => settle(() => resolve(inspection));
      const onError = (error: Error & { code?: string }): void => {
        const isTooLarge = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
        settle(() => reject(isTooLarge ? refused(pointer, 'takes too much memory to check') : error));
      };
      const onExit = (): void => settle(() => reject(new Error('the inspecting thread ended without an answer')));
      const timer = setTimeout(() => settle(() => reject(refused(pointer, 'takes too long to check'))), inspectTimeoutMs);
      const settle = (outcome: () => void): void => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit).unref();
        outcome();
      };
      worker.on('message', onMessage).on('error', onError).on('exit', onExit).ref();
      worker.postMessage(file);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

function refused(pointer: string, detail: string): AppError {
  return new AppError('client.invalid', { detail: `the module ${detail}`, issues: [{ pointer, detail }] });
}

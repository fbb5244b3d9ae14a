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

// A thread is always the built file, also when tests run the sources.
const workerUrl = new URL(
  import.meta.url.includes('/control-plane/src/') ? '../../dist/artifacts/inspect-module.worker.js' : './inspect-module.worker.js',
  import.meta.url,
);

/**
 * Reads and validates a module in a thread of its own. Throws `client.invalid` when it is no WebAssembly module that we
 * accept, or takes too long or too much memory to check.
 */
export async function inspectModule(file: string, pointer: string): Promise<ModuleDescription> {
  const misfit = await otherFormat(file);
  if (misfit !== undefined) throw refused(pointer, misfit);
  const inspection = await inThread(file, pointer);
  if (inspection.outcome === 'refused') throw refused(pointer, `is not a valid WebAssembly module: ${inspection.reason}`);
  return inspection.description;
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

function inThread(file: string, pointer: string): Promise<Inspection> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerUrl, { workerData: file, resourceLimits: { maxOldGenerationSizeMb: heapMaxMb } });
    const timer = setTimeout(() => settle(() => reject(refused(pointer, 'takes too long to check'))), inspectTimeoutMs);
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      worker.removeAllListeners();
      worker.on('error', () => undefined); // a thread that is being ended may still report one
      void worker.terminate().then(outcome, outcome);
    };
    worker.once('message', (inspection: Inspection) => settle(() => resolve(inspection)));
    worker.once('error', (error: Error & { code?: string }) => {
      const isTooLarge = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      settle(() => reject(isTooLarge ? refused(pointer, 'takes too much memory to check') : error));
    });
    worker.once('exit', () => settle(() => reject(new Error('the inspecting thread ended without an answer'))));
  });
}

function refused(pointer: string, detail: string): AppError {
  return new AppError('client.invalid', { detail: `the module ${detail}`, issues: [{ pointer, detail }] });
}

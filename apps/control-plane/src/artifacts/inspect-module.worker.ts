import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { describeModule, WasmFormatError } from '@torii/wasm-binary';
import type { Inspection } from './inspect-module.js';
import { webAssembly } from './web-assembly.js';

/** Runs in a thread of its own: a large module takes a while to check, and the API must go on. */
async function inspect(file: string): Promise<Inspection> {
  const bytes = await readFile(file);
  try {
    const { imports, exports } = describeModule(bytes);
    // `validate` only says that something is wrong; the constructor throws what.
    if (!webAssembly.validate(bytes)) new webAssembly.Module(bytes);
    return { outcome: 'module', description: { imports, exports } };
  } catch (error) {
    if (error instanceof WasmFormatError || error instanceof webAssembly.CompileError) return { outcome: 'refused', reason: error.message };
    throw error;
  }
}

parentPort?.postMessage(await inspect(String(workerData)));

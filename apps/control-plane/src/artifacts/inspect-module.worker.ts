import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { describeModule, rewriteModule, WasmFormatError } from '@torii/wasm-binary';
import type { Inspection } from './inspect-module.js';
import { webAssembly } from './web-assembly.js';

/** All that a memory can have; what a plugin may have is checked when the plugin is saved. */
const anyPages = 65_536;

/** Runs in a thread of its own: a large module takes a while to check, and the API must go on. */
async function inspect(file: string): Promise<Inspection> {
  const bytes = await readFile(file);
  try {
    const description = describeModule(bytes);
    // `validate` only says that something is wrong; the constructor throws what.
    if (!webAssembly.validate(bytes)) new webAssembly.Module(bytes);
    return { outcome: 'module', description: { ...description, ...unsupported(bytes) } };
  } catch (error) {
    if (error instanceof WasmFormatError || error instanceof webAssembly.CompileError) return { outcome: 'refused', reason: error.message };
    throw error;
  }
}

/** What a node will do with it, tried now: a node that cannot prepare one plugin keeps its whole old configuration. */
function unsupported(bytes: Uint8Array): { unsupported?: string } {
  try {
    rewriteModule(bytes, { memoryMaxPages: anyPages });
    return {};
  } catch (error) {
    if (error instanceof WasmFormatError) return { unsupported: error.message };
    throw error;
  }
}

parentPort?.on('message', (file: string) => {
  // What fails otherwise is ours to answer for, and ends the thread.
  void inspect(file).then((inspection) => parentPort?.postMessage(inspection));
});

import wabt from 'wabt';
import { type CompileAnswer, compileFailed, rejected } from '../compile-answer.js';
import type { ProcessReply } from '../compile-processes.js';
import { serveCompiles } from '../compiler-process.js';
import { missingFunctions } from '../exported-functions.js';
import { watDiagnostics } from './wat-errors.js';
import type { WatJob } from './wat-job.js';

// Turns WebAssembly text into modules, one after the other. What it makes is only ever data here: none of it runs. Each
// source has a compiler of its own: wabt is C++ in a memory of its own, and a source that spoils that spoils no other.

/** What nodes run: WebAssembly 3.0 without garbage collection, and without shared or 64-bit memory. */
const features = {
  annotations: true,
  bulk_memory: true,
  exceptions: true,
  extended_const: true,
  multi_value: true,
  mutable_globals: true,
  reference_types: true,
  relaxed_simd: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  tail_call: true,
};
const logMax = 65_536;

// Not awaited up here: without a listener for messages nothing keeps the process alive until it is there.
let next = wabt();

serveCompiles<WatJob, CompileAnswer>(async ({ path, source, functionNames }, bound) => {
  const compiler = next;
  const text = new TextDecoder().decode(source);
  try {
    const wasm = compile(await compiler, path, text);
    next = wabt();
    return { answer: missingFunctions(wasm, functionNames, 'write (func (export "name") ...)') ?? { ok: true, wasm, warnings: [], log: '' } };
  } catch (error) {
    // Whatever went wrong may have left the compiler in the middle of something.
    return { answer: bound.isReached ? memoryExceeded : failureOf(error, path, text), isSpent: true } satisfies ProcessReply<CompileAnswer>;
  }
});

const memoryExceeded = rejected('build.memory_exceeded', 'Compiling needs more memory than a build may have: make the source smaller.');

function compile(wat: Awaited<typeof next>, path: string, source: string): Uint8Array {
  // As bytes: of a text wabt takes the lower half of each UTF-16 unit.
  const module = wat.parseWat(path, new TextEncoder().encode(source), features);
  try {
    module.resolveNames();
    module.validate();
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

function failureOf(error: unknown, path: string, source: string): CompileAnswer {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError) return compileFailed([{ severity: 'error', message: 'nested too deeply for the compiler', file: path }]);
  const diagnostics = watDiagnostics(path, text, source);
  if (diagnostics.length > 0) return compileFailed(diagnostics, text.slice(0, logMax));
  return compileFailed([{ severity: 'error', message: text.slice(0, 2_000), file: path }], text.slice(0, logMax));
}

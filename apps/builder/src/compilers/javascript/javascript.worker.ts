import { BuildError } from '@torii/contracts';
import { compileJavaScript } from '@torii/js-compiler';
import { type CompileAnswer, rejected } from '../compile-answer.js';
import type { ProcessReply } from '../compile-processes.js';
import { serveCompiles } from '../compiler-process.js';
import { type JavaScriptJob, topLevelLimits } from './javascript-job.js';

// Bundles functions and makes modules of them, one after the other. What runs of them runs inside of WebAssembly.

serveCompiles<JavaScriptJob, CompileAnswer>(async ({ outputMaxBytes, bundlerMaxBytes, ...request }) => {
  try {
    const { wasm, warnings, log } = await compileJavaScript(request, { ...topLevelLimits, outputMaxBytes, bundlerMaxBytes });
    return { answer: { ok: true, wasm, warnings, log } };
  } catch (error) {
    return failureOf(error);
  }
});

/** A process that has met a limit of its memory gets no other job. */
function failureOf(error: unknown): ProcessReply<CompileAnswer> {
  if (!(error instanceof BuildError)) throw error;
  return { answer: rejected(error.code, error.message, error.diagnostics), isSpent: error.code === 'build.memory_exceeded' };
}

import type { MemoryBound } from '../bound-wasm-memory.js';
import { type CompileAnswer, compileFailed, rejected } from '../compile-answer.js';
import type { ProcessReply } from '../compile-processes.js';
import { serveCompiles } from '../compiler-process.js';
import { missingFunctions } from '../exported-functions.js';
import type { AssemblyScriptJob } from './assemblyscript-job.js';
import { CompilerDiagnostics, TooManyErrors } from './compiler-diagnostics.js';
import { readLibraryFiles } from './library-files.js';
import { loadAsc, loadJsonTransform } from './load-asc.js';
import { VirtualFiles } from './virtual-files.js';

// Compiles one function after the other. The source is only read here: what runs is the compiler and the transform of json-as.

const libraries = readLibraryFiles();
// Not awaited up here: without a listener for messages nothing keeps the process alive until they are there.
const loading = Promise.all([loadAsc(), loadJsonTransform()]);

const outFile = 'function.wasm';
const fileNotFound = 6054;
const logMaxChars = 65_536;
const options = [
  // Not -O3: with json-as that takes two to three times as long (asc --stats), for modules that are no faster at it.
  '-O2',
  '--outFile',
  outFile,
  // Initialised by the host when it can be called back, not by the engine while it instantiates.
  '--exportStart',
  '_initialize',
  '--use',
  'abort=~lib/torii-runtime/abort',
  '--use',
  'seed=~lib/torii-runtime/seed',
  '--use',
  'trace=~lib/torii-runtime/trace',
  '--noColors',
];

/** asc has given up: it says so on the console, and would then end the process. */
class CompilerCrash extends Error {}

let printed = '';
console.error = (...parts: unknown[]) => {
  printed = (printed + parts.join(' ')).slice(0, logMaxChars);
};
process.exit = () => {
  throw new CompilerCrash(printed);
};

serveCompiles(compile);

async function compile({ files, entry, functionNames }: AssemblyScriptJob, bound: MemoryBound): Promise<ProcessReply<CompileAnswer>> {
  printed = '';
  const sources = new VirtualFiles(files, libraries);
  const diagnostics = new CompilerDiagnostics((path) => sources.textOf(path));
  let wasm: Uint8Array | undefined;
  let log = '';
  let shown = '';
  let failure: unknown;
  const [asc, jsonTransform] = await loading;
  for (const [name, text] of libraries.standard) asc.libraryFiles[name] = text;
  try {
    // With its folder: asc would take a name such as `--config=a.ts` for an option, which may name code for it to run.
    const { error } = await asc.main([`./${entry}`, ...options], {
      transforms: [jsonTransform],
      readFile: (path) => sources.read(path) ?? null,
      writeFile: (path, contents) => {
        if (path === outFile && typeof contents !== 'string') wasm = contents;
      },
      listFiles: () => [],
      stderr: {
        write: (text) => {
          shown = String(text);
          if (log.length < logMaxChars) log += shown;
        },
      },
      // Each is shown on stderr right before.
      reportDiagnostic: (message) => diagnostics.add(message, shown),
    });
    failure = error ?? undefined;
  } catch (error) {
    failure = error;
  }
  if (failure === undefined && wasm !== undefined) {
    const missing = missingFunctions(wasm, functionNames, `write export function ${functionNames[0] ?? 'name'}(): i32 in ${entry}`);
    return { answer: missing ?? { ok: true, wasm, warnings: diagnostics.all, log } };
  }
  // After an error of its own asc is as good as before; after anything else nobody knows.
  return {
    answer: bound.isReached ? memoryExceeded : failureOf(failure, diagnostics, log),
    isSpent: !diagnostics.hasErrors || failure instanceof TooManyErrors,
  };
}

const memoryExceeded = rejected(
  'build.memory_exceeded',
  'Compiling needs more memory than a build may have: make the source smaller, or its types simpler.',
);

function failureOf(failure: unknown, diagnostics: CompilerDiagnostics, log: string): CompileAnswer {
  if (diagnostics.hasErrors) {
    const hint = diagnostics.has(fileNotFound) ? ' Functions can import their own files, @torii/pdk, @extism/as-pdk and json-as.' : '';
    return compileFailed(diagnostics.all, log.slice(0, logMaxChars), hint);
  }
  const said = failure instanceof Error ? failure.message : String(failure);
  if (/call stack/.test(said) || failure instanceof RangeError) {
    return rejected(
      'build.compile_failed',
      'The source is nested too deeply for the compiler, or a type refers to itself without end.',
      diagnostics.all,
    );
  }
  return rejected('build.compile_failed', `The compiler could not go on: ${said.slice(0, 2_000)}`, diagnostics.all, said);
}

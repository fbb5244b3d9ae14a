import type { ModuleExport } from '@torii/contracts';
import { isCallable, suggestion } from '@torii/module-check';
import { reservedPrefix } from '@torii/wasm-binary';

/** How many exports a message names. */
const namedMax = 10;
/** What toolchains export for the host to call before anything else. */
const notForCallers: ReadonlySet<string> = new Set(['_initialize', '_start', 'hs_init', '__wasm_call_ctors']);

/** The functions of a module that a plugin can be made of: they take nothing, and return nothing or an i32. */
export function callableFunctions(exports: readonly ModuleExport[]): string[] {
  return exports.filter((entry) => isCallable(entry) && isForCallers(entry)).map(({ name }) => name);
}

/** What is wrong with each of the functions that are asked for, or that there is none at all. */
export function checkExports(exports: readonly ModuleExport[], functionNames: readonly string[]): string[] {
  const callable = callableFunctions(exports);
  if (functionNames.length === 0 && callable.length === 0) {
    return ['the module exports no function that can be called: one that takes nothing and returns nothing or an i32'];
  }
  return functionNames.flatMap((name) => {
    if (callable.includes(name)) return [];
    const found = exports.find((entry) => entry.name === name);
    if (found === undefined) return [`the module does not export the function "${name}"${hint(name, callable)}`];
    if (found.kind !== 'function') return [`the module exports "${name}" as a ${found.kind}, not as a function`];
    return [`the function "${name}" must take no parameters, and return nothing or an i32`];
  });
}

function isForCallers({ name }: ModuleExport): boolean {
  // Rewriting a module adds functions under that prefix.
  return !notForCallers.has(name) && !name.startsWith(reservedPrefix);
}

function hint(name: string, callable: readonly string[]): string {
  const near = suggestion(name, callable);
  if (near !== '') return near;
  return callable.length === 0 ? ', nor any that can be called' : `: it exports ${callable.slice(0, namedMax).join(', ')}`;
}

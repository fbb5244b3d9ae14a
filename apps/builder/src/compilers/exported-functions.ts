import { describeModule } from '@torii/wasm-binary';
import { type CompileAnswer, rejected } from './compile-answer.js';

const listedMax = 20;

/** An answer that names the wanted functions a module does not export, and those it does; undefined when none is missing. */
export function missingFunctions(wasm: Uint8Array, wanted: readonly string[], howToExport: string): CompileAnswer | undefined {
  const exported = describeModule(wasm)
    .exports.filter(({ kind }) => kind === 'function')
    .map(({ name }) => name);
  const missing = wanted.filter((name) => !exported.includes(name));
  if (missing.length === 0) return undefined;
  const found = exported.length === 0 ? 'The module exports no function.' : `The module exports ${exported.slice(0, listedMax).join(', ')}.`;
  return rejected('build.missing_entry', `There is no exported function ${missing.join(', ')}: ${howToExport}. ${found}`);
}

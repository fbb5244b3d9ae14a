import type { ModuleExport } from '@torii/contracts';

/** Whether a plugin's function can be this export: it takes nothing, and returns nothing or an i32. */
export function isCallable({ kind, params = [], results = [] }: ModuleExport): boolean {
  return kind === 'function' && params.length === 0 && (results.length === 0 || (results.length === 1 && results[0] === 'i32'));
}

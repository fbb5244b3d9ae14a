/** Everything a rewritten module may hold beyond the guest's own begins with this; a guest may not use it. */
export const reservedPrefix = 'torii:';

/** Exports that rewriting adds, or gives another name so that nobody but the host calls them. */
export const rewrittenExports = {
  /** Mutable i32 global: what the guest may still spend before it calls the yield hook. */
  fuel: 'torii:fuel',
  /** Table with one slot for the yield hook, `() -> ()`. While it is empty every check traps. */
  yieldTable: 'torii:yield',
  /** Mutable i32 global, set to 1 by every `memory.grow` that failed. */
  growthFailed: 'torii:growth_failed',
  /** There when an instance can be put back to a state it had by its memory and its exported mutable globals alone. */
  restorable: 'torii:restorable',
  /** The memory, whatever the guest calls it; absent when the module has none. */
  memory: 'torii:memory',
  /** The start function, which instantiating would have called outside of any deadline. */
  startFunction: 'torii:start_function',
  initialize: 'torii:initialize',
  start: 'torii:start',
  haskellInit: 'torii:hs_init',
} as const;

/** Where the imports of WASI and of the kernel's HTTP functions go. */
export const rewrittenNamespaces = { wasi: 'torii:wasi', env: 'torii:env' } as const;

/** Imports that rewriting adds. */
export const rewrittenImports = {
  /** The memory, with the option `importMemory`: exactly as many pages at first and at most as the report says. */
  memory: { module: 'torii:env', name: 'memory' },
} as const;

/** The name under which the mutable global `index` is exported, if an instance can be restored. */
export function restorableGlobalExport(index: number): string {
  return `${restorableGlobalPrefix}${index}`;
}

export const restorableGlobalPrefix = 'torii:global:';

/** Behind it is the index of one of the guest's tables: a host counts what they hold. */
export const guestTablePrefix = 'torii:table:';

const wasiNamespace = 'wasi_snapshot_preview1';
const kernelNamespace = 'extism:host/env';

const exportRenames: ReadonlyMap<string, string> = new Map([
  ['_initialize', rewrittenExports.initialize],
  ['_start', rewrittenExports.start],
  ['hs_init', rewrittenExports.haskellInit],
]);

/** The namespace an import is linked under after rewriting; its name stays. */
export function rewrittenNamespaceOf(module: string, name: string): string {
  if (module === wasiNamespace) return rewrittenNamespaces.wasi;
  if (module === kernelNamespace && name.startsWith('http_')) return rewrittenNamespaces.env;
  return module;
}

/** The name under which a rewritten module exports what the guest exports as `name`. */
export function rewrittenExportOf(name: string): string {
  return exportRenames.get(name) ?? name;
}

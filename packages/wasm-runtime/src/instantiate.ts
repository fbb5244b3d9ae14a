import { createPlugin, type Plugin } from '@extism/extism';
import { AppError } from '@torii/contracts';
import { type ModuleExport, rewrittenExportOf } from '@torii/wasm-binary';
import { thrownOf } from './guest-failure.js';
import type { LinkedImports } from './link-imports.js';
import type { PreparedModule } from './prepare-module.js';

/** Whether a module exports a function of that name. */
export function exportsFunction(functionName: string, prepared: Pick<PreparedModule, 'exports'>): boolean {
  return exportedFunction(functionName, prepared) !== undefined;
}

/** A plugin's entry takes nothing and returns a number or nothing: input and output go through the kernel. */
export function refuseEntry(functionName: string, prepared: PreparedModule): void {
  const found = exportedFunction(functionName, prepared);
  if (found === undefined) throw new AppError('config.compile_failed', { detail: `the module has no exported function "${functionName}"` });
  const { params = [], results = [] } = found;
  if (params.length > 0 || results.length > 1 || !results.every((type) => type === 'i32' || type === 'i64')) {
    throw new AppError('config.compile_failed', { detail: `the exported function "${functionName}" must take nothing and return i32 or nothing` });
  }
}

/**
 * Links and instantiates a module by the SDK; nothing of the guest runs yet. Throws `config.compile_failed`.
 *
 * The SDK calls `.bind(null, context)` on whatever it is given for an import and links what that returns. So it can be
 * handed functions it would otherwise wrap: wasm exports of the kernel and suspending ones (js-sdk 2.0.0-rc13,
 * foreground-plugin.ts). Everything else it could do for a guest (WASI, HTTP, config) stays off.
 */
export async function instantiate({ module }: PreparedModule, imports: LinkedImports['imports']): Promise<Plugin> {
  const functions: Record<string, Record<string, () => never>> = {};
  for (const [namespace, implementations] of Object.entries(imports)) {
    const bound = Object.entries(implementations).map(([name, implementation]) => [name, { bind: () => implementation }]);
    functions[namespace] = Object.fromEntries(bound);
  }
  try {
    return await createPlugin(
      { wasm: [{ module, name: 'main' } as never] },
      { functions, useWasi: false, runInWorker: false, allowedHosts: [], config: {}, fetch: refuseFetch },
    );
  } catch (error) {
    throw new AppError('config.compile_failed', { detail: `the module cannot be instantiated: ${thrownOf(error).message}`, cause: error });
  }
}

function exportedFunction(functionName: string, { exports }: Pick<PreparedModule, 'exports'>): ModuleExport | undefined {
  const name = rewrittenExportOf(functionName);
  return exports.find((entry) => entry.name === name && entry.kind === 'function');
}

/** Nothing of the SDK may fetch; should an import ever slip through to it, this is what it gets. */
function refuseFetch(): Promise<never> {
  return Promise.reject(new Error('outbound HTTP does not go through the SDK'));
}

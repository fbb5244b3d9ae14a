import { AppError, type Grant, hostFunctionNamespaces, hostFunctions, kernelNamespace, legacyKernelPrefix } from '@torii/contracts';
import { type ModuleImport, rewrittenNamespaces } from '@torii/wasm-binary';
import type { Guest } from './guest.js';
import { servedHostFunctions, servedKernelFunctions } from './host-functions/index.js';
import type { ServedFunction } from './host-functions/served-function.js';
import { isWasiFunction, wasiImport } from './wasi/wasi.js';

/** Implementations by namespace and name. */
export type LinkedImports = Record<string, Record<string, unknown>>;

/**
 * Gives every import of a rewritten module an implementation of ours.
 *
 * The control plane has checked the imports when the plugin was saved; this is the second line. Throws
 * `config.compile_failed` that names everything unknown, not available, not granted or of a wrong signature, so that
 * nothing is ever left for the SDK to fill in.
 */
export function linkImports(imports: readonly ModuleImport[], guest: Guest): LinkedImports {
  // Namespaces and names come from the module, so these must be no keys of Object.prototype.
  const linked: LinkedImports = Object.create(null);
  const problems: string[] = [];
  for (const entry of imports) {
    const found = resolveImport(entry, guest);
    if (typeof found === 'string') {
      problems.push(`"${entry.module}" "${entry.name}" ${found}`);
      continue;
    }
    let namespace = linked[entry.module];
    if (namespace === undefined) {
      namespace = Object.create(null) as Record<string, unknown>;
      linked[entry.module] = namespace;
    }
    namespace[entry.name] = found.implementation;
  }
  if (problems.length > 0) {
    throw new AppError('config.compile_failed', { detail: `imports that cannot be linked: ${problems.slice(0, 10).join('; ')}` });
  }
  return linked;
}

type Resolved = { readonly implementation: unknown } | string;

function resolveImport(entry: ModuleImport, guest: Guest): Resolved {
  const { module, name } = entry;
  if (module === rewrittenNamespaces.wasi) {
    return isWasiFunction(name) ? { implementation: wasiImport(guest, name) } : 'is not a function of WASI preview 1';
  }
  if (module === kernelNamespace || module === rewrittenNamespaces.env) return resolveKernel(entry, name, guest);
  if (module === 'env' && name.startsWith(legacyKernelPrefix)) return resolveKernel(entry, name.slice(legacyKernelPrefix.length), guest);
  if ((hostFunctionNamespaces as readonly string[]).includes(module)) return resolveHostFunction(entry, guest);
  return 'is unknown';
}

function resolveKernel(entry: ModuleImport, name: string, guest: Guest): Resolved {
  const own = guest.kernel.guestFunction(name);
  if (own !== undefined) return { implementation: own };
  const served = Object.hasOwn(servedKernelFunctions, name) ? servedKernelFunctions[name] : undefined;
  return served === undefined ? 'is not a function of the Extism kernel' : serve(entry, served, guest);
}

function resolveHostFunction(entry: ModuleImport, guest: Guest): Resolved {
  const { name } = entry;
  const definition = Object.hasOwn(hostFunctions, name) ? hostFunctions[name] : undefined;
  if (definition === undefined) return 'is unknown';
  const served = Object.hasOwn(servedHostFunctions, name) ? servedHostFunctions[name] : undefined;
  if (!definition.isAvailable || served === undefined) return 'is not available yet';
  if (definition.grant !== undefined && !isGranted(guest.spec.grants, definition.grant)) return `needs the grant ${definition.grant}`;
  if (entry.params?.length !== definition.params.length) return `must take ${definition.params.length} parameters`;
  return serve(entry, served, guest);
}

function isGranted(grants: readonly Grant[], grant: Grant): boolean {
  return grants.includes(grant);
}

/** Toolchains declare pointers and sizes as i32 or i64; numbers go in and out as this module declares them. */
function serve(entry: ModuleImport, served: ServedFunction, guest: Guest): Resolved {
  const { params = [], results = [] } = entry;
  if (results.length > 1 || ![...params, ...results].every((type) => type === 'i32' || type === 'i64')) {
    return 'must take and return i32 or i64';
  }
  const toResult = resultConversion(results[0]);
  const call = (...raw: readonly (number | bigint)[]): unknown => {
    guest.run.countHostCall();
    const result = answer(served, guest, raw.map(toNumber));
    return typeof result === 'number' ? toResult(result) : guest.run.wait(result).then(toResult);
  };
  return { implementation: served.suspends ? new WebAssembly.Suspending(call) : call };
}

/** What a host function throws on purpose has ended the run; anything else is a fault of ours and ends it too. */
function answer(served: ServedFunction, guest: Guest, args: readonly number[]): number | Promise<number> {
  const failed = (error: unknown): never => {
    throw guest.run.end(new AppError('platform.internal', { cause: error }));
  };
  try {
    const result = served.body(guest, args);
    return typeof result === 'number' ? result : result.catch(failed);
  } catch (error) {
    return failed(error);
  }
}

function toNumber(value: number | bigint): number {
  return typeof value === 'bigint' ? Number(BigInt.asUintN(64, value)) : value >>> 0;
}

function resultConversion(type: string | undefined): (value: number) => unknown {
  if (type === undefined) return () => undefined;
  return type === 'i64' ? (value) => BigInt(value) : (value) => value | 0;
}

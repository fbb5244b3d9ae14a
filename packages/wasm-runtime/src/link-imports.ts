import { AppError, type Grant, hostFunctionNamespaces, hostFunctions, kernelNamespace, legacyKernelPrefix } from '@torii/contracts';
import { type ModuleImport, rewrittenNamespaces } from '@torii/wasm-binary';
import type { Guest } from './guest.js';
import { servedHostFunctions, servedKernelFunctions } from './host-functions/index.js';
import type { HostAnswer, ServedFunction } from './host-functions/served-function.js';
import { isWasiFunction, suspendsInWasi, wasiImport } from './wasi/wasi.js';

/** Implementations by namespace and name. */
type Implementations = Readonly<Record<string, Record<string, unknown>>>;

export interface LinkedImports {
  readonly imports: Implementations;
  /** Whether any of them may suspend the guest; if none may, it can be called without a way to be suspended. */
  readonly suspends: boolean;
}

/**
 * Gives every import of a rewritten module an implementation of ours.
 *
 * The control plane has checked the imports when the plugin was saved; this is the second line. Throws
 * `config.compile_failed` that names everything unknown, not available, not granted or of a wrong signature, so that
 * nothing is ever left for the SDK to fill in.
 */
export function linkImports(imports: readonly ModuleImport[], guest: Guest): LinkedImports {
  // Namespaces and names come from the module, so these must be no keys of Object.prototype.
  const linked: Record<string, Record<string, unknown>> = Object.create(null);
  let suspends = false;
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
    suspends ||= found.suspends;
  }
  if (problems.length > 0) {
    throw new AppError('config.compile_failed', { detail: `imports that cannot be linked: ${problems.slice(0, 10).join('; ')}` });
  }
  return { imports: linked, suspends };
}

/** An implementation, or what is wrong with the import. */
type Resolved = { readonly implementation: unknown; readonly suspends: boolean } | string;

function resolveImport(entry: ModuleImport, guest: Guest): Resolved {
  const { module, name } = entry;
  if (module === rewrittenNamespaces.wasi) {
    if (!isWasiFunction(name)) return 'is not a function of WASI preview 1';
    if (!takesNumbers(entry) || entry.results?.[0] === 'i64') return 'must take numbers and return i32';
    return { implementation: wasiImport(guest, name), suspends: suspendsInWasi(name) };
  }
  if (module === kernelNamespace || module === rewrittenNamespaces.env) return resolveKernel(entry, name, guest);
  if (module === 'env' && name.startsWith(legacyKernelPrefix)) return resolveKernel(entry, name.slice(legacyKernelPrefix.length), guest);
  if ((hostFunctionNamespaces as readonly string[]).includes(module)) return resolveHostFunction(entry, guest);
  return 'is unknown';
}

function resolveKernel(entry: ModuleImport, name: string, guest: Guest): Resolved {
  const own = guest.kernel.guestFunction(name);
  if (own !== undefined) return { implementation: own, suspends: false };
  const served = Object.hasOwn(servedKernelFunctions, name) ? servedKernelFunctions[name] : undefined;
  return served === undefined ? 'is not a function of the Extism kernel' : serve(entry, { ...served, keepsError: true }, guest);
}

function resolveHostFunction(entry: ModuleImport, guest: Guest): Resolved {
  const { name } = entry;
  const definition = Object.hasOwn(hostFunctions, name) ? hostFunctions[name] : undefined;
  if (definition === undefined) return 'is unknown';
  const served = Object.hasOwn(servedHostFunctions, name) ? servedHostFunctions[name] : undefined;
  if (served === undefined) return 'is not available yet';
  if (definition.grant !== undefined && !isGranted(guest.spec.grants, definition.grant)) return `needs the grant ${definition.grant}`;
  if (entry.params?.length !== definition.params.length) return `must take ${definition.params.length} parameters`;
  return serve(entry, served, guest);
}

function isGranted(grants: readonly Grant[], grant: Grant): boolean {
  return grants.includes(grant);
}

/** Anything else would make V8 throw at each call, as if it were our fault. */
function takesNumbers({ params = [], results = [] }: ModuleImport): boolean {
  return results.length <= 1 && [...params, ...results].every((type) => type === 'i32' || type === 'i64');
}

/** Toolchains declare pointers and sizes as i32 or i64; numbers go in and out as this module declares them. */
function serve(entry: ModuleImport, served: ServedFunction, guest: Guest): Resolved {
  const { results = [] } = entry;
  if (!takesNumbers(entry)) return 'must take and return i32 or i64';
  const toResult = resultConversion(results[0]);
  const { keepsError = false } = served;
  const call = (...raw: readonly (number | bigint)[]): unknown => {
    const { run } = guest;
    run.countHostCall();
    guest.beginHostCall(entry.name, keepsError);
    const countCost = (): void => run.countHostCost(guest.hostCall);
    const result = answer(served, guest, raw.map(toNumber));
    if (typeof result !== 'object') {
      countCost();
      return toResult(result);
    }
    return run.wait(result).then(
      (value) => {
        countCost();
        return toResult(value);
      },
      (error: unknown) => {
        countCost();
        throw error;
      },
    );
  };
  const suspends = served.suspends(guest);
  return { implementation: suspends ? new WebAssembly.Suspending(call) : call, suspends };
}

/** What a host function throws on purpose has ended the run; anything else is a fault of ours and ends it too. */
function answer(served: ServedFunction, guest: Guest, args: readonly number[]): HostAnswer | Promise<HostAnswer> {
  const failed = (error: unknown): never => {
    throw guest.run.end(new AppError('platform.internal', { cause: error }));
  };
  try {
    const result = served.body(guest, args);
    return typeof result === 'object' ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}

function toNumber(value: number | bigint): number {
  return typeof value === 'bigint' ? Number(BigInt.asUintN(64, value)) : value >>> 0;
}

/** A function declared with a result of 32 bits gets the low ones of a sum. */
function resultConversion(type: string | undefined): (value: HostAnswer) => unknown {
  if (type === undefined) return () => undefined;
  if (type === 'i64') return (value) => BigInt(value);
  return (value) => (typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value | 0);
}

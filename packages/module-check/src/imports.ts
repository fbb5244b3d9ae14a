import {
  type Grant,
  type HostFunction,
  hostFunctionNamespaces,
  hostFunctions,
  kernelFunctions,
  kernelNamespace,
  legacyKernelPrefix,
  type ModuleImport,
  wasiNamespace,
} from '@torii/contracts';
import { suggestion } from './nearest.js';

type Signature = Pick<HostFunction, 'params' | 'result'>;

/**
 * Why no node serves an import, in a sentence that names it; undefined when nodes do. Of WASI nothing is said: which of its
 * functions there are is the engine's to know.
 */
export function importProblem(entry: ModuleImport): string | undefined {
  const problem = problemOf(entry);
  return problem === undefined ? undefined : `the module imports ${problem}`;
}

/** The grant that an import needs and that is not among these; undefined when nothing is missing. */
export function missingGrant(entry: ModuleImport, granted: ReadonlySet<Grant>): Grant | undefined {
  const grant = isHostFunction(entry) ? lookUp(hostFunctions, entry.name)?.grant : undefined;
  return grant === undefined || granted.has(grant) ? undefined : grant;
}

function problemOf(entry: ModuleImport): string | undefined {
  const label = labelOf(entry);
  if (entry.kind !== 'function') return `the ${entry.kind} ${label}; only functions are offered`;
  if (entry.module === wasiNamespace) return undefined;
  const kernelName = kernelNameOf(entry);
  if (kernelName !== undefined) return problemIn(entry, kernelFunctions, kernelName, 'no function of the Extism kernel');
  if (isHostFunction(entry)) return problemIn(entry, hostFunctions, entry.name, 'no host function');
  const namespaces = [kernelNamespace, wasiNamespace, ...hostFunctionNamespaces];
  return `${label}, and there is no namespace "${entry.module}"${suggestion(entry.module, namespaces)}`;
}

/** Undefined for what is no import of the kernel. */
function kernelNameOf({ module, name }: ModuleImport): string | undefined {
  if (module === kernelNamespace) return name;
  return module === 'env' && name.startsWith(legacyKernelPrefix) ? name.slice(legacyKernelPrefix.length) : undefined;
}

function isHostFunction({ module }: ModuleImport): boolean {
  return hostFunctionNamespaces.some((namespace) => namespace === module);
}

function problemIn(entry: ModuleImport, table: Readonly<Record<string, Signature>>, name: string, otherwise: string): string | undefined {
  const known = lookUp(table, name);
  if (known === undefined) return `${labelOf(entry)}, which is ${otherwise}${suggestion(name, Object.keys(table))}`;
  if (isServed(entry, known)) return undefined;
  const { params = [], results = [] } = entry;
  const served = known.result === undefined ? [] : [known.result];
  return `${labelOf(entry)} as ${signatureText(params, results)}; it is ${signatureText(known.params, served)}`;
}

/** Sizes and pointers may be i32 or i64 alike, because toolchains differ; their number may not differ, nor any other type. */
function isServed({ params = [], results = [] }: ModuleImport, { params: expected, result }: Signature): boolean {
  const isInteger = (type: string): boolean => type === 'i32' || type === 'i64';
  const resultCount = result === undefined ? 0 : 1;
  return params.length === expected.length && results.length === resultCount && [...params, ...results].every(isInteger);
}

function labelOf({ module, name }: ModuleImport): string {
  return `${module}.${name}`;
}

function signatureText(params: readonly string[], results: readonly string[]): string {
  return `(${params.join(', ')}) -> (${results.join(', ')})`;
}

/** An import may be called `constructor`. */
function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

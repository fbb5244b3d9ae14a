import {
  type Grant,
  GrantString,
  type HostFunction,
  type HostFunctionGrant,
  hostFunctionNamespaces,
  hostFunctions,
  kernelFunctions,
  kernelNamespace,
  legacyKernelPrefix,
  type ModuleImport,
  wasiNamespace,
} from '@torii/contracts';
import { isWasiFunction } from '@torii/wasm-runtime';
import { suggestion } from './nearest.js';

type Signature = Pick<HostFunction, 'params' | 'result'>;

export interface MissingGrant {
  readonly grant: Extract<HostFunctionGrant, string>;
  /** One sentence that names the import, and what to do. */
  readonly detail: string;
}

/** Why no node can run the module, a sentence for each import that is no function nodes serve, or of another signature. */
export function importErrors(imports: readonly ModuleImport[]): string[] {
  return imports.flatMap((entry) => {
    const problem = problemOf(entry);
    return problem === undefined ? [] : [`the module imports ${problem}`];
  });
}

/** What settings with these grants lack for the module. */
export function missingGrants(imports: readonly ModuleImport[], granted: ReadonlySet<Grant>): MissingGrant[] {
  return imports.flatMap((entry) => {
    const grant = isHostFunction(entry) ? lookUp(hostFunctions, entry.name)?.grant : undefined;
    if (grant === undefined || granted.has(grant)) return [];
    return [{ grant: GrantString.parse(grant), detail: `the module imports ${labelOf(entry)}: add "${grant}" to hostFunctions of its settings` }];
  });
}

function problemOf(entry: ModuleImport): string | undefined {
  const label = labelOf(entry);
  if (entry.kind !== 'function') return `the ${entry.kind} ${label}; only functions are offered`;
  if (entry.module === wasiNamespace) {
    return isWasiFunction(entry.name) ? undefined : `${label}, which is no function of WASI preview 1`;
  }
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

import {
  type FieldIssue,
  type HostFunction,
  hostFunctionNamespaces,
  hostFunctions,
  kernelFunctions,
  kernelNamespace,
  legacyKernelPrefix,
  type ModuleExport,
  type ModuleImport,
  type PluginSpec,
  wasiNamespace,
} from '@torii/contracts';
import { suggestion } from '../http/did-you-mean.js';
import { grantIssues, grantsOf } from './grants.js';

export interface CheckedModule {
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  readonly memoryMinBytes?: number;
  readonly unsupported?: string | undefined;
}

type CheckedSpec = Pick<PluginSpec, 'functionName' | 'wasi' | 'hostFunctions' | 'limits'>;
type Signature = Pick<HostFunction, 'params' | 'result'>;

/** How many exports an answer names. */
const namedExportsMax = 10;

/**
 * Whether a module can run as the plugin says: its function is there, and every import is one we serve and the plugin
 * may use. Answers every problem at once, each naming the import and what to do about it; none means it can.
 */
export function checkModule(module: CheckedModule, spec: CheckedSpec): FieldIssue[] {
  const grants = grantsOf(spec.hostFunctions);
  return [
    ...grantIssues(spec.hostFunctions),
    ...checkFunction(module.exports, spec.functionName),
    ...module.imports.flatMap((entry) => checkImport(entry, grants)),
    ...wasiIssue(module, spec),
    ...limitIssues(module, spec),
  ];
}

function limitIssues({ memoryMinBytes = 0, unsupported }: CheckedModule, { limits }: CheckedSpec): FieldIssue[] {
  const issues: FieldIssue[] = [];
  if (unsupported !== undefined) issues.push({ pointer: '/source', detail: `the module cannot run here: ${unsupported}` });
  if (memoryMinBytes > limits.memoryMaxBytes) {
    issues.push({
      pointer: '/limits/memoryMaxBytes',
      detail: `the module begins with ${memoryMinBytes} bytes of memory, so it needs at least those`,
    });
  }
  return issues;
}

function checkFunction(exports: readonly ModuleExport[], functionName: string): FieldIssue[] {
  const issue = (detail: string): FieldIssue[] => [{ pointer: '/functionName', detail, code: 'missing_export' }];
  const found = exports.find((entry) => entry.name === functionName);
  const callable = exports.filter(isCallable).map((entry) => entry.name);
  if (found === undefined) {
    const near = suggestion(functionName, callable);
    const listed =
      callable.length === 0 ? 'it exports no function that can be called' : `it exports ${callable.slice(0, namedExportsMax).join(', ')}`;
    return issue(`the module does not export "${functionName}"${near === '' ? `: ${listed}` : near}`);
  }
  if (found.kind !== 'function') return issue(`the export "${functionName}" is a ${found.kind}, not a function`);
  if (!isCallable(found)) return issue(`the function "${functionName}" must take no parameters and return nothing or an i32`);
  return [];
}

export function isCallable(entry: ModuleExport): boolean {
  const results = entry.results ?? [];
  const returnsStatus = results.length === 0 || (results.length === 1 && results[0] === 'i32');
  return entry.kind === 'function' && (entry.params ?? []).length === 0 && returnsStatus;
}

function checkImport(entry: ModuleImport, grants: ReadonlySet<string>): FieldIssue[] {
  const label = `${entry.module}.${entry.name}`;
  if (entry.kind !== 'function') return unknownImport(`the module imports the ${entry.kind} ${label}; only functions are offered`);
  if (entry.module === wasiNamespace) return []; // one issue for all of them, see wasiIssue
  if (entry.module === kernelNamespace) return checkKernelImport(entry, entry.name);
  if (isHostNamespace(entry.module)) {
    if (entry.module === 'env' && entry.name.startsWith(legacyKernelPrefix)) {
      return checkKernelImport(entry, entry.name.slice(legacyKernelPrefix.length));
    }
    return checkHostImport(entry, grants);
  }
  const namespaces = [kernelNamespace, wasiNamespace, ...hostFunctionNamespaces];
  return unknownImport(`the module imports ${label}, and there is no namespace "${entry.module}"${suggestion(entry.module, namespaces)}`);
}

function checkKernelImport(entry: ModuleImport, name: string): FieldIssue[] {
  const known = lookUp(kernelFunctions, name);
  const label = `${entry.module}.${entry.name}`;
  if (known === undefined)
    return unknownImport(`the module imports ${label}, which is no function of the Extism kernel${suggestion(name, Object.keys(kernelFunctions))}`);
  return signatureIssues(entry, known);
}

function checkHostImport(entry: ModuleImport, grants: ReadonlySet<string>): FieldIssue[] {
  const known = lookUp(hostFunctions, entry.name);
  const label = `${entry.module}.${entry.name}`;
  if (known === undefined)
    return unknownImport(`the module imports ${label}, which is no host function${suggestion(entry.name, Object.keys(hostFunctions))}`);
  const issues = signatureIssues(entry, known);
  if (known.grant !== undefined && !grants.has(known.grant)) {
    const detail = `the module imports ${label}: add "${known.grant}" to hostFunctions`;
    issues.push({ pointer: '/hostFunctions', detail, code: 'missing_grant' });
  }
  return issues;
}

/** Sizes and pointers may be i32 or i64 alike, because toolchains differ; their number may not differ, nor any other type. */
function signatureIssues(entry: ModuleImport, known: Signature): FieldIssue[] {
  const params = entry.params ?? [];
  const results = entry.results ?? [];
  const resultCount = known.result === undefined ? 0 : 1;
  if (params.length === known.params.length && results.length === resultCount && [...params, ...results].every(isInteger)) return [];
  const expected = signatureText(known.params, known.result === undefined ? [] : [known.result]);
  return unknownImport(`the module imports ${entry.module}.${entry.name} as ${signatureText(params, results)}; it is ${expected}`);
}

function wasiIssue(module: CheckedModule, spec: CheckedSpec): FieldIssue[] {
  const names = module.imports.filter((entry) => entry.module === wasiNamespace).map((entry) => entry.name);
  if (names.length === 0 || spec.wasi) return [];
  const listed = names.slice(0, namedExportsMax).join(', ');
  return [{ pointer: '/wasi', detail: `the module imports ${wasiNamespace} (${listed}): set wasi to true`, code: 'missing_grant' }];
}

function isInteger(type: string): boolean {
  return type === 'i32' || type === 'i64';
}

function signatureText(params: readonly string[], results: readonly string[]): string {
  return `(${params.join(', ')}) -> (${results.join(', ')})`;
}

function isHostNamespace(namespace: string): boolean {
  return hostFunctionNamespaces.some((known) => known === namespace);
}

/** An import may be called `constructor`. */
function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function unknownImport(detail: string): FieldIssue[] {
  return [{ pointer: '/source', detail, code: 'unknown_import' }];
}

import {
  type FieldIssue,
  fixedFunctionsOf,
  type Grant,
  type ModuleExport,
  type ModuleImport,
  messageFunctionsOf,
  type PluginSpec,
  wasiNamespace,
} from '@torii/contracts';
import { grantIssues, grantsOf, importProblem, isCallable, missingGrant, suggestion } from '@torii/module-check';

export interface CheckedModule {
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  readonly memoryMinBytes?: number;
  readonly unsupported?: string | undefined;
}

type CheckedSpec = Pick<PluginSpec, 'kind' | 'functionName' | 'wasi' | 'hostFunctions' | 'mapStore' | 'limits'>;

/** How many exports an answer names. */
const namedExportsMax = 10;

/**
 * Whether a module can run as the plugin says: its function is there, and every import is one we serve and the plugin
 * may use. Answers every problem at once, each naming the import and what to do about it; none means it can.
 */
export function checkModule(module: CheckedModule, spec: CheckedSpec): FieldIssue[] {
  const grants = grantsOf(spec.hostFunctions);
  return [
    ...grantIssues(spec),
    ...checkFunction(module.exports, spec.functionName, '/functionName'),
    ...fixedFunctionsOf(spec.kind).flatMap((name) => checkFunction(module.exports, name, '/source')),
    ...messageFunctionIssues(module.exports, spec),
    ...module.imports.flatMap((entry) => importIssues(entry, grants)),
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

function checkFunction(exports: readonly ModuleExport[], functionName: string, pointer: string): FieldIssue[] {
  const issue = (detail: string): FieldIssue[] => [{ pointer, detail, code: 'missing_export' }];
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

/** Those it does not export need not be there. */
function messageFunctionIssues(exports: readonly ModuleExport[], { kind, functionName }: CheckedSpec): FieldIssue[] {
  if (kind !== 'websocket_transformer') return [];
  const others = Object.values(messageFunctionsOf(functionName)).filter((name) => name !== functionName);
  return others.filter((name) => exports.some((entry) => entry.name === name)).flatMap((name) => checkFunction(exports, name, '/source'));
}

function importIssues(entry: ModuleImport, grants: ReadonlySet<Grant>): FieldIssue[] {
  const problem = importProblem(entry);
  const issues: FieldIssue[] = problem === undefined ? [] : [{ pointer: '/source', detail: problem, code: 'unknown_import' }];
  const grant = missingGrant(entry, grants);
  if (grant !== undefined) {
    const detail = `the module imports ${entry.module}.${entry.name}: add "${grant}" to hostFunctions`;
    issues.push({ pointer: '/hostFunctions', detail, code: 'missing_grant' });
  }
  return issues;
}

function wasiIssue(module: CheckedModule, spec: CheckedSpec): FieldIssue[] {
  const names = module.imports.filter((entry) => entry.module === wasiNamespace).map((entry) => entry.name);
  if (names.length === 0 || spec.wasi) return [];
  const listed = names.slice(0, namedExportsMax).join(', ');
  return [{ pointer: '/wasi', detail: `the module imports ${wasiNamespace} (${listed}): set wasi to true`, code: 'missing_grant' }];
}

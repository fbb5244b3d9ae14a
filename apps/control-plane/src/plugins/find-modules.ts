import { type FieldIssue, isIdOf, type PluginSpec } from '@torii/contracts';
import { suggestion } from '@torii/module-check';
import { findVersionHashes, newestVersions, versionsPage } from '../functions/function-versions.queries.js';
import { findFunctionRows, functionNamesIn } from '../functions/functions.queries.js';
import type { Transaction } from '../prisma/prisma.service.js';

/** How many versions a refusal names. */
const namedVersionsMax = 10;

export interface FunctionOrigin {
  readonly functionId: string | null;
  readonly follows: string | null;
  readonly functionVersion: string | null;
}

/** The module that a source stands for. */
export interface FoundModule {
  readonly sha256: string;
  /** Undefined where it is none of a function. */
  readonly functionName: string | undefined;
  readonly origin: FunctionOrigin;
}

/** Why a source has no module. */
export interface NoModule {
  readonly issues: readonly FieldIssue[];
}

/** What a source comes to that has no module, and of which something else says so. */
export const noModule: NoModule = { issues: [] };

type FunctionSource = Extract<PluginSpec['source'], { kind: 'function' }>;

/** The modules that plugins are to run, for each plugin in its place: read at once, as an import has hundreds of them. */
export async function findModules(tx: Transaction, specs: readonly PluginSpec[]): Promise<(FoundModule | NoModule)[]> {
  const sources = specs.flatMap(({ source }) => (source.kind === 'function' ? [source] : []));
  const ofFunctions = await modulesOfFunctions(tx, sources);
  return specs.map(({ source }) => {
    if (source.kind === 'function') return ofFunctions.get(keyOf(source)) ?? noModule;
    if (source.kind !== 'artifact') return noModule;
    return { sha256: source.sha256, functionName: undefined, origin: { functionId: null, follows: null, functionVersion: null } };
  });
}

async function modulesOfFunctions(tx: Transaction, sources: readonly FunctionSource[]): Promise<Map<string, FoundModule | NoModule>> {
  const modules = new Map<string, FoundModule | NoModule>();
  if (sources.length === 0) return modules;
  const rows = await findFunctionRows(tx, [...new Set(sources.map(({ name }) => name))]);
  const newest = await newestVersions(tx, [...new Set([...rows.values()].map(({ id }) => id))]);
  const wanted = sources.flatMap((source) => {
    const row = rows.get(source.name);
    const version = source.version === 'latest' ? newest.get(row?.id ?? '')?.latestVersion : source.version;
    return row === undefined || version === undefined || version === null ? [] : [{ source, row, version }];
  });
  const hashes = await findVersionHashes(
    tx,
    wanted.map(({ row, version }) => ({ functionId: row.id, version })),
  );
  for (const { source, row, version } of wanted) {
    const sha256 = hashes.get(`${row.id} ${version}`);
    const origin = { functionId: row.id, follows: source.version, functionVersion: version };
    if (sha256 !== undefined) modules.set(keyOf(source), { sha256, functionName: row.name, origin });
  }
  const missing = sources.filter((source) => !modules.has(keyOf(source)));
  const names = missing.some(({ name }) => !rows.has(name)) ? await functionNamesIn(tx) : [];
  for (const source of missing) {
    if (modules.has(keyOf(source))) continue;
    const row = rows.get(source.name);
    modules.set(keyOf(source), { issues: [row === undefined ? unknownFunction(source, names) : await unknownVersion(tx, row, source)] });
  }
  return modules;
}

function unknownFunction({ name }: FunctionSource, names: readonly string[]): FieldIssue {
  const near = isIdOf('function', name) ? '' : suggestion(name, names);
  return { pointer: '/source/name', detail: `there is no function "${name}"${near}`, code: 'unknown_reference' };
}

async function unknownVersion(
  tx: Transaction,
  row: { readonly id: string; readonly name: string },
  { version }: FunctionSource,
): Promise<FieldIssue> {
  const known = await versionsPage(tx, row.id, { limit: namedVersionsMax, below: undefined });
  const there = known.length === 0 ? 'nothing of it has been built yet' : `there is ${known.map((one) => one.version).join(', ')}`;
  const wanted = version === 'latest' ? 'no released version' : `no version ${version}`;
  return { pointer: '/source/version', detail: `the function "${row.name}" has ${wanted}: ${there}`, code: 'unknown_reference' };
}

function keyOf({ name, version }: FunctionSource): string {
  return `${name} ${version}`;
}

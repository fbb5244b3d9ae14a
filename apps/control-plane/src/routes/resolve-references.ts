import { defaultWorkspace, type FieldIssue, isIdOf, type PluginKind, type RouteSpec, unavailableInRoute } from '@torii/contracts';
import { suggestion } from '@torii/module-check';
import { invalid } from '../http/invalid.js';
import { findPluginRow, pluginKindOf } from '../plugins/plugins.queries.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { expressionIssues } from './expression-issues.js';
import { kindIssues, type Place } from './kind-issues.js';
import { withPlugins } from './route.mapper.js';

export interface ResolvedRoute {
  /** With ids where the caller may have written names. */
  readonly spec: RouteSpec;
  readonly pluginNames: ReadonlyMap<string, string>;
  /** The enabled slots that say whether the route is meant. */
  readonly matchers: RouteSpec['plugins'];
}

interface Reference {
  readonly plugin: string;
  readonly version: 'latest' | number;
  readonly place: Place;
  readonly pointer: string;
}

/** How many names a mistyped one is compared with. */
const comparedNamesMax = 1_000;

/** Finds the plugins a route refers to. Throws `client.invalid` with every one that is not there, or cannot stand where it does. */
export async function resolveReferences(tx: Transaction, spec: RouteSpec): Promise<ResolvedRoute> {
  const issues: FieldIssue[] = [...unavailableInRoute(spec), ...expressionIssues(spec)];
  const ids = new Map<string, string>();
  const pluginNames = new Map<string, string>();
  const kinds = new Map<string, PluginKind>();
  for (const reference of referencesOf(spec)) {
    const plugin = await findPluginRow(tx, reference.plugin);
    if (plugin === undefined) {
      const near = isIdOf('plugin', reference.plugin) ? '' : suggestion(reference.plugin, await pluginNamesIn(tx));
      issues.push({ pointer: `${reference.pointer}/plugin`, detail: `there is no plugin "${reference.plugin}"${near}`, code: 'unknown_reference' });
      continue;
    }
    const version = reference.version === 'latest' ? plugin.version : reference.version;
    if (version > plugin.version) {
      const detail = `plugin "${plugin.name}" has no version ${version}: the newest is ${plugin.version}`;
      issues.push({ pointer: `${reference.pointer}/version`, detail, code: 'unknown_reference' });
    } else {
      const kind = await pluginKindOf(tx, plugin.id, version);
      issues.push(...kindIssues(plugin.name, kind, reference));
      kinds.set(reference.pointer, kind);
    }
    ids.set(reference.plugin, plugin.id);
    pluginNames.set(plugin.id, plugin.name);
  }
  if (issues.length > 0) throw invalid(issues);
  const resolved = withPlugins(spec, (reference) => ids.get(reference) ?? reference);
  const matchers = resolved.plugins.filter(({ enabled }, index) => enabled && kinds.get(slotPointer(index)) === 'route_matcher');
  return { spec: resolved, pluginNames, matchers };
}

function referencesOf(spec: RouteSpec): Reference[] {
  const slots = spec.plugins.map(({ plugin, version }, index): Reference => ({ plugin, version, place: 'slot', pointer: slotPointer(index) }));
  if (spec.target.kind !== 'function') return slots;
  return [...slots, { plugin: spec.target.plugin, version: spec.target.version, place: 'target', pointer: '/target' }];
}

function slotPointer(index: number): string {
  return `/plugins/${index}`;
}

async function pluginNamesIn(tx: Transaction): Promise<string[]> {
  const rows = await tx.plugin.findMany({ where: { workspace: defaultWorkspace }, select: { name: true }, take: comparedNamesMax });
  return rows.map(({ name }) => name);
}

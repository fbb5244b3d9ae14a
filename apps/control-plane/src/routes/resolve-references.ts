import type { FieldIssue, RouteSpec } from '@torii/contracts';
import { invalid } from '../http/invalid.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { expressionIssues } from './expression-issues.js';
import { findPlugins, type PluginReference, slotPointer, slotReferences } from './find-plugins.js';
import { withPlugins } from './route.mapper.js';
import { upstreamIssues } from './upstream-issues.js';

export interface ResolvedRoute {
  /** With ids where the caller may have written names. */
  readonly spec: RouteSpec;
  readonly pluginNames: ReadonlyMap<string, string>;
  /** The enabled slots that say whether the route is meant. */
  readonly matchers: RouteSpec['plugins'];
}

/** Finds the plugins a route refers to. Throws `client.invalid` with every one that is not there, or cannot stand where it does. */
export async function resolveReferences(tx: Transaction, spec: RouteSpec): Promise<ResolvedRoute> {
  const issues: FieldIssue[] = [...expressionIssues(spec), ...upstreamIssues(spec)];
  const { ids, pluginNames, kinds } = await findPlugins(tx, referencesOf(spec), issues);
  if (issues.length > 0) throw invalid(issues);
  const resolved = withPlugins(spec, (reference) => ids.get(reference) ?? reference);
  const matchers = resolved.plugins.filter(({ enabled }, index) => enabled && kinds.get(slotPointer(index)) === 'route_matcher');
  return { spec: resolved, pluginNames, matchers };
}

function referencesOf(spec: RouteSpec): PluginReference[] {
  const slots = slotReferences(spec.plugins, 'slot');
  if (spec.target.kind !== 'function') return slots;
  return [...slots, { plugin: spec.target.plugin, version: spec.target.version, place: 'target', pointer: '/target' }];
}

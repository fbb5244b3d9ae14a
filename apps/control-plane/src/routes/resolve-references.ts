import { AppError, type FieldIssue, type RouteSpec } from '@torii/contracts';
import { invalid } from '../http/invalid.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { expressionIssues } from './expression-issues.js';
import { findPlugins, type KnownPlugins, loadPlugins, type PluginReference, slotPointer, slotReferences } from './find-plugins.js';
import { withPlugins } from './route.mapper.js';
import { upstreamIssues } from './upstream-issues.js';

export interface ResolvedRoute {
  /** With ids where the caller may have written names. */
  readonly spec: RouteSpec;
  readonly pluginNames: ReadonlyMap<string, string>;
  /** The enabled slots that say whether the route is meant. */
  readonly matchers: RouteSpec['plugins'];
}

/**
 * Finds the plugins that routes refer to, for each route in its place; one that refers to what is not there, or cannot stand
 * where it does, is answered with `client.invalid`, which names all of it.
 */
export async function resolveAllReferences(tx: Transaction, specs: readonly RouteSpec[]): Promise<(ResolvedRoute | AppError)[]> {
  const known = await loadPlugins(tx, specs.flatMap(referencesOf));
  return specs.map((spec) => resolve(known, spec));
}

/** The same of one route, among plugins that were read for it. Throws `client.invalid`. */
export function resolveReferences(known: KnownPlugins, spec: RouteSpec): ResolvedRoute {
  const resolved = resolve(known, spec);
  if (resolved instanceof AppError) throw resolved;
  return resolved;
}

function resolve(known: KnownPlugins, spec: RouteSpec): ResolvedRoute | AppError {
  const issues: FieldIssue[] = [...expressionIssues(spec), ...upstreamIssues(spec)];
  const { ids, pluginNames, kinds } = findPlugins(known, referencesOf(spec), issues);
  if (issues.length > 0) return invalid(issues);
  const resolved = withPlugins(spec, (reference) => ids.get(reference) ?? reference);
  const matchers = resolved.plugins.filter(({ enabled }, index) => enabled && kinds.get(slotPointer(index)) === 'route_matcher');
  return { spec: resolved, pluginNames, matchers };
}

/** Where a route refers to plugins. */
export function referencesOf(spec: RouteSpec): PluginReference[] {
  const slots = slotReferences(spec.plugins, 'slot');
  if (spec.target.kind !== 'function') return slots;
  return [...slots, { plugin: spec.target.plugin, version: spec.target.version, place: 'target', pointer: '/target' }];
}

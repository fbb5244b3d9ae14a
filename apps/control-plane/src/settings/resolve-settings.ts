import type { FieldIssue, Settings } from '@torii/contracts';
import { invalid } from '../http/invalid.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { slotIssues } from '../routes/expression-issues.js';
import { findPlugins, type KnownPlugins, loadPlugins, slotReferences } from '../routes/find-plugins.js';
import { withPlugins } from './settings.queries.js';

export interface ResolvedSettings {
  /** With ids where the caller may have written names. */
  readonly settings: Settings;
  readonly pluginNames: ReadonlyMap<string, string>;
}

/** Finds the plugins the settings refer to. Throws `client.invalid` with every one that is not there, or cannot stand there. */
export async function resolveSettings(tx: Transaction, settings: Settings): Promise<ResolvedSettings> {
  return resolveSettingsAmong(await loadPlugins(tx, slotReferences(settings.plugins, 'settings')), settings);
}

/** The same among plugins that were read for them. */
export function resolveSettingsAmong(known: KnownPlugins, settings: Settings): ResolvedSettings {
  const issues: FieldIssue[] = slotIssues(settings.plugins);
  const { ids, pluginNames } = findPlugins(known, slotReferences(settings.plugins, 'settings'), issues);
  if (issues.length > 0) throw invalid(issues);
  return { settings: withPlugins(settings, (reference) => ids.get(reference) ?? reference), pluginNames };
}

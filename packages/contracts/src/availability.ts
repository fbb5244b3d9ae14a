import type { FieldIssue } from './errors.js';
import type { PluginSpec } from './plugin.js';
import { ServedKind } from './plugin-kind.js';

/**
 * What the API's vocabulary holds but this version cannot do yet. Such a value is refused with a 422 that
 * says so: never stored and ignored. A feature that arrives deletes its line here.
 */
export function unavailableInPlugin(plugin: PluginSpec): FieldIssue[] {
  const issues: FieldIssue[] = [];
  if (!ServedKind.safeParse(plugin.kind).success) issues.push(notYet('/kind', `kind ${plugin.kind}`));
  if (!['artifact', 'base64', 'function'].includes(plugin.source.kind)) {
    issues.push(notYet('/source/kind', `a ${plugin.source.kind} source`));
  }
  if (Object.keys(plugin.allowedPaths).length > 0) issues.push(notYet('/allowedPaths', 'file access'));
  if (Object.keys(plugin.secrets).length > 0) issues.push(notYet('/secrets', 'a secret'));
  return issues;
}

function notYet(pointer: string, what: string): FieldIssue {
  return { pointer, detail: `${what} is not available yet`, code: 'not_available' };
}

import { defaultWorkspace, type FieldIssue, isIdOf, type PluginKind, type RouteSpec } from '@torii/contracts';
import { suggestion } from '@torii/module-check';
import { findPluginRows, pluginKinds, versionKey } from '../plugins/plugins.queries.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { kindIssues, type Place } from './kind-issues.js';

/** Where something refers to a plugin. */
export interface PluginReference {
  /** Its name or its id. */
  readonly plugin: string;
  readonly version: 'latest' | number;
  readonly place: Place;
  readonly pointer: string;
}

export interface FoundPlugins {
  /** By what the caller wrote. */
  readonly ids: ReadonlyMap<string, string>;
  /** By id. */
  readonly pluginNames: ReadonlyMap<string, string>;
  /** By pointer. */
  readonly kinds: ReadonlyMap<string, PluginKind>;
}

/** How many names a mistyped one is compared with. */
const comparedNamesMax = 1_000;

/** The plugins that references may mean, read at once: a write may hold a thousand of them. */
export interface KnownPlugins {
  /** By what the caller wrote. */
  readonly rows: ReadonlyMap<string, { readonly id: string; readonly name: string; readonly version: number }>;
  /** By `versionKey`. */
  readonly kinds: ReadonlyMap<string, PluginKind>;
  /** Names that a mistyped one may mean; none where all are found. */
  readonly names: readonly string[];
}

export async function loadPlugins(tx: Transaction, references: readonly PluginReference[]): Promise<KnownPlugins> {
  const rows = await findPluginRows(tx, [...new Set(references.map(({ plugin }) => plugin))]);
  const versions = references.flatMap((reference) => {
    const plugin = rows.get(reference.plugin);
    const version = plugin === undefined ? undefined : versionOf(reference, plugin);
    // A higher one need not even be a number that the database knows.
    return plugin === undefined || version === undefined || version > plugin.version ? [] : [{ pluginId: plugin.id, version }];
  });
  const isMistyped = references.some(({ plugin }) => !rows.has(plugin) && !isIdOf('plugin', plugin));
  return { rows, kinds: await pluginKinds(tx, versions), names: isMistyped ? await pluginNamesIn(tx) : [] };
}

/** Finds the plugins of references; adds an issue for each that is not there, or cannot stand where it does. */
export function findPlugins(known: KnownPlugins, references: readonly PluginReference[], issues: FieldIssue[]): FoundPlugins {
  const ids = new Map<string, string>();
  const pluginNames = new Map<string, string>();
  const kinds = new Map<string, PluginKind>();
  for (const reference of references) {
    const plugin = known.rows.get(reference.plugin);
    if (plugin === undefined) {
      const near = isIdOf('plugin', reference.plugin) ? '' : suggestion(reference.plugin, known.names);
      issues.push({ pointer: `${reference.pointer}/plugin`, detail: `there is no plugin "${reference.plugin}"${near}`, code: 'unknown_reference' });
      continue;
    }
    const version = versionOf(reference, plugin);
    const kind = known.kinds.get(versionKey({ pluginId: plugin.id, version }));
    if (kind === undefined) {
      const detail = `plugin "${plugin.name}" has no version ${version}: the newest is ${plugin.version}`;
      issues.push({ pointer: `${reference.pointer}/version`, detail, code: 'unknown_reference' });
    } else {
      issues.push(...kindIssues(plugin.name, kind, reference));
      kinds.set(reference.pointer, kind);
    }
    ids.set(reference.plugin, plugin.id);
    pluginNames.set(plugin.id, plugin.name);
  }
  return { ids, pluginNames, kinds };
}

function versionOf({ version }: PluginReference, plugin: { readonly version: number }): number {
  return version === 'latest' ? plugin.version : version;
}

/** What a list of slots refers to. */
export function slotReferences(slots: RouteSpec['plugins'], place: Place): PluginReference[] {
  return slots.map(({ plugin, version }, index) => ({ plugin, version, place, pointer: slotPointer(index) }));
}

export function slotPointer(index: number): string {
  return `/plugins/${index}`;
}

async function pluginNamesIn(tx: Transaction): Promise<string[]> {
  const rows = await tx.plugin.findMany({ where: { workspace: defaultWorkspace }, select: { name: true }, take: comparedNamesMax });
  return rows.map(({ name }) => name);
}

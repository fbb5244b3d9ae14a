import { AppError, defaultWorkspace, idPrefixes, type Plugin, type PluginKind, PluginSpec } from '@torii/contracts';
import { v7 } from 'uuid';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import { pluginReadOnly } from '../plugins/plugin.mapper.js';
import { findPlugin, versionKey } from '../plugins/plugins.queries.js';
import { refuseOtherKind } from '../plugins/put-plugins.js';
import { resolveModules } from '../plugins/resolve-source.js';
import type { Transaction } from '../prisma/prisma.service.js';
import type { KnownPlugins } from '../routes/find-plugins.js';
import { readEntity } from '../writes/entity-input.js';
import { refusalUnder, underPointer } from './under-pointer.js';

/** A plugin as it would be saved: the next version of one that is there, or the first of a new one. */
export interface DraftPlugin {
  readonly pluginId: string;
  readonly workspace: string;
  readonly version: number;
  readonly name: string;
  readonly kind: PluginKind;
  readonly isNew: boolean;
  /** As it would be kept. */
  readonly spec: PluginSpec;
  readonly resolvedSha256: string;
}

/** The plugins of a draft, checked as if they were saved. Throws `client.invalid` and `client.conflict`. */
export async function readDraftPlugins(tx: Transaction, bodies: readonly JsonObject[]): Promise<DraftPlugin[]> {
  const read: { readonly current: Plugin | undefined; readonly spec: PluginSpec }[] = [];
  for (const [index, body] of bodies.entries()) {
    const pointer = pointerOf(index);
    const plugin = await underPointer(pointer, () => readPlugin(tx, body));
    const isTwice = read.some(({ current, spec }) => spec.name === plugin.spec.name || (current !== undefined && current.id === plugin.current?.id));
    if (isTwice) throw invalid([{ pointer: `${pointer}/name`, detail: 'another plugin of the draft is the same' }]);
    read.push(plugin);
  }
  const modules = await resolveModules(
    tx,
    read.map(({ spec }) => spec),
  );
  return modules.map((module, index) => {
    if (module instanceof AppError) throw refusalUnder(pointerOf(index), module);
    const { current, spec } = read[index] ?? {};
    if (spec === undefined) throw new Error('a module was found for no plugin');
    const { spec: kept, resolvedSha256 } = module;
    const own = { pluginId: current?.id ?? `${idPrefixes.plugin}_${v7()}`, version: (current?.version ?? 0) + 1 };
    return { ...own, workspace: defaultWorkspace, name: spec.name, kind: spec.kind, isNew: current === undefined, spec: kept, resolvedSha256 };
  });
}

async function readPlugin(tx: Transaction, body: JsonObject): Promise<{ readonly current: Plugin | undefined; readonly spec: PluginSpec }> {
  const reference = typeof body.id === 'string' ? body.id : body.name;
  const current = typeof reference === 'string' ? await findPlugin(tx, reference) : undefined;
  if (current === undefined && typeof body.id === 'string')
    throw invalid([{ pointer: '/id', detail: `there is no plugin "${body.id}"`, code: 'unknown_reference' }]);
  const known = current === undefined ? {} : { current, name: current.name };
  const spec = readEntity(body, { schema: PluginSpec, readOnly: pluginReadOnly, ...known });
  if (spec.source.kind === 'base64')
    throw invalid([{ pointer: '/source/kind', detail: 'a draft runs modules that are there: upload it to /api/v1/artifacts first' }]);
  if (current !== undefined && spec.name !== current.name && (await findPlugin(tx, spec.name)) !== undefined)
    throw invalid([{ pointer: '/name', detail: 'is taken by another plugin' }]);
  const refusal = await refuseOtherKind(tx, current, spec);
  if (refusal !== undefined) throw invalid(refusal.issues);
  return { current, spec };
}

/** The plugins that are there with those of the draft in their place. */
export function withDraftPlugins(known: KnownPlugins, plugins: readonly DraftPlugin[]): KnownPlugins {
  const rows = new Map(known.rows);
  const kinds = new Map(known.kinds);
  for (const { pluginId, name, version, kind } of plugins) {
    const row = { id: pluginId, name, version };
    for (const [reference, { id }] of known.rows) if (id === pluginId) rows.set(reference, row);
    rows.set(pluginId, row).set(name, row);
    kinds.set(versionKey({ pluginId, version }), kind);
  }
  return { rows, kinds, names: [...known.names, ...plugins.map(({ name }) => name)] };
}

function pointerOf(index: number): string {
  return `/draft/plugins/${index}`;
}

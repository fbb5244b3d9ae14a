import type { PluginKind } from '@torii/contracts';
import { isJsonObject, type JsonObject } from '../http/merge-patch.js';
import type { PluginDraft } from './drafts.js';
import { nameFrom } from './entity-names.js';
import { Fields } from './fields.js';
import { Findings } from './findings.js';
import { wasmClassOfStep } from './plugin-classes.js';
import { PointerMap } from './pointer-map.js';
import { convertWasmConfig } from './wasm-config.js';
import { adviceFor, type GivenModules, readSource } from './wasm-source.js';

/** A Wasm plugin that stands in the file by itself. */
export interface WasmEntity {
  readonly id: string;
  readonly value: JsonObject;
  readonly pointer: string;
}

export interface WasmPluginOptions {
  readonly compat: 'torii' | 'otoroshi';
  readonly given: GivenModules;
}

/** What a plugin is called after, and told apart by, where its configuration stands in a slot. */
export interface PluginOwner {
  readonly origin: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** Where a Wasm plugin is used. */
interface Use {
  readonly kind: PluginKind;
  readonly defaultFunction: string;
  readonly config: Fields;
  readonly owner: PluginOwner;
}

/**
 * Makes one plugin of each configuration: of one that stands in a slot, and of an entity for each way in which slots use it,
 * because here the kind and the function are the plugin's.
 */
export class WasmPlugins {
  private readonly drafts = new Map<string, PluginDraft>();
  private readonly used = new Set<string>();
  private readonly entities: ReadonlyMap<string, WasmEntity>;

  constructor(
    entities: readonly WasmEntity[],
    private readonly options: WasmPluginOptions,
  ) {
    this.entities = new Map(entities.map((entity) => [entity.id, entity]));
  }

  /** All that have been made so far. */
  all(): PluginDraft[] {
    return [...this.drafts.values()];
  }

  /** The origin of the plugin for a slot; undefined, with the reason among the findings, where the file does not have it. */
  forSlot({ kind, defaultFunction, config, owner }: Use): string | undefined {
    const findings = new Findings();
    const fields = config.withFindings(findings);
    const source = readSource(fields);
    const entity = source.kind === 'local' ? this.entities.get(source.path) : undefined;
    if (entity !== undefined) return this.ofEntity(entity, { kind, defaultFunction, slotFunction: fields.filledText('functionName') });
    if (source.kind === 'local' && !this.options.given.has(source.path)) {
      const instead = 'import the export that has it, together with the routes';
      config.findings.lost(source.pointer, `the Wasm plugin ${source.path}`, { why: 'is not in the file', instead });
      return undefined;
    }
    const pointers = new PointerMap(config.pointer);
    const { description } = owner;
    const spec = convertWasmConfig(fields, source, { kind, defaultFunction, slotFunction: undefined, description, ...this.options, pointers });
    const wish = nameFrom(`${owner.name} ${kind}`, kind.replaceAll('_', '-'));
    return this.keep({
      origin: owner.origin,
      wish,
      pointer: config.pointer,
      pointers,
      findings,
      kind,
      advice: adviceFor(source.path),
      tags: owner.tags,
      spec,
    });
  }

  /** Makes plugins of the entities that no slot uses, for the steps they say they are for. */
  addUnused(findings: Findings): void {
    for (const entity of this.entities.values()) {
      if (this.used.has(entity.id)) continue;
      const steps = Array.isArray(entity.value.steps) ? entity.value.steps : [];
      const classes = steps.flatMap((step) => wasmClassOfStep(String(step)) ?? []);
      for (const { kind, defaultFunction } of classes) this.ofEntity(entity, { kind, defaultFunction, slotFunction: undefined });
      if (classes.length > 0) continue;
      const instead = 'use it on a route, or say in its steps what it is for';
      findings.lost(entity.pointer, `the Wasm plugin ${entity.id}`, { why: 'nothing says which kind of plugin it is', instead });
    }
  }

  private ofEntity(entity: WasmEntity, use: Pick<Use, 'kind' | 'defaultFunction'> & { readonly slotFunction: string | undefined }): string {
    this.used.add(entity.id);
    const { kind, slotFunction } = use;
    const origin = [entity.id, kind, ...(slotFunction === undefined ? [] : [slotFunction])].join(' ');
    if (this.drafts.has(origin)) return origin;
    const findings = new Findings();
    const fields = new Fields(entity.value, entity.pointer, findings);
    const name = fields.filledText('name') ?? entity.id;
    const description = fields.filledText('description') ?? `The Wasm plugin ${name} of Otoroshi`;
    const tags = fields.texts('tags').map(({ text }) => text);
    const value = fields.take('config');
    const config = new Fields(isJsonObject(value) ? value : {}, fields.pointerTo('config'), findings);
    ignoreEntityFields(fields);
    fields.skip('steps');
    fields.end();
    const pointers = new PointerMap(entity.pointer);
    const source = readSource(config);
    const spec = convertWasmConfig(config, source, { ...use, description, ...this.options, pointers });
    const wish = nameFrom([name, kind, slotFunction ?? ''].join(' '), kind.replaceAll('_', '-'));
    return this.keep({ origin, wish, pointer: entity.pointer, pointers, findings, kind, advice: adviceFor(source.path), tags, spec });
  }

  private keep(draft: PluginDraft): string {
    this.drafts.set(draft.origin, draft);
    return draft.origin;
  }
}

/** What every entity of Otoroshi has, and no request is touched by. */
export function ignoreEntityFields(fields: Fields): void {
  fields.skip('id', 'kind', 'created_at', 'updated_at');
  fields.ignore('belongs to how Otoroshi keeps and shows the entity', { _loc: { tenant: 'default', teams: ['default'] }, metadata: {} });
}

import {
  AppError,
  defaultWorkspace,
  type FieldIssue,
  type Plugin,
  PluginSpec,
  type Route,
  RouteSpec,
  Settings,
  warningHeader,
} from '@torii/contracts';
import type { z } from 'zod';
import { artifactRows } from '../artifacts/artifact.mapper.js';
import type { Answer } from '../http/answer.js';
import { pluginsOf } from '../plugins/plugins.queries.js';
import { type PluginPut, putPlugins } from '../plugins/put-plugins.js';
import { putRoutes, type RoutePut } from '../routes/put-routes.js';
import { routeOf, withPluginNames } from '../routes/routes.queries.js';
import { putSettings } from '../settings/put-settings.js';
import { findSettings } from '../settings/settings.queries.js';
import type { Write } from '../writes/config-writer.service.js';
import type { PluginDraft, RouteDraft, SettingsDraft, SlotDraft } from './drafts.js';
import { importTags } from './entity-names.js';
import type { Findings } from './findings.js';
import type { PreparedPlugin, PreparedPlugins } from './inline-modules.js';
import { mergeSlots } from './merge-slots.js';
import { type Place, placeEntities, placesToLookUp } from './place-entities.js';
import { addRefusal, parseDraft } from './refusals.js';
import type { ImportedEntity } from './report.js';

export interface ImportRunOptions {
  readonly dryRun: boolean;
  readonly overwrite: boolean;
  readonly incomplete: 'disabled' | 'enabled';
}

type Draft = PluginDraft | RouteDraft;
type Action = ImportedEntity['action'];
type Slots = NonNullable<RouteSpecInput['plugins']>;
type RouteSpecInput = z.input<typeof RouteSpec>;

/** Something to be put, and where. */
interface Wanted<DraftOf, Put> {
  readonly draft: DraftOf;
  readonly place: Place;
  /** Undefined where there is nothing that could be put; the findings say why. */
  readonly put: Put | undefined;
}

/**
 * Puts what a file came to into the configuration, in a write that is under way. What the rules of plugins, routes and
 * settings refuse becomes a finding, and all else goes on without it. The statements it takes do not grow in number with the
 * file: others wait meanwhile.
 */
export class ImportRun {
  private readonly entities: ImportedEntity[] = [];
  /** The plugins that are there, by their origin. */
  private readonly imported = new Map<string, { readonly name: string; readonly isComplete: boolean }>();
  /** Whether all that runs on every route in the file does so here. */
  private areGlobalsComplete = true;

  constructor(
    private readonly write: Write,
    private readonly options: ImportRunOptions,
  ) {}

  /** Throws `client.conflict`, before anything is written, where names are taken by what was made by hand. */
  async run({ plugins, examined }: PreparedPlugins, routes: readonly RouteDraft[], settings: SettingsDraft | undefined): Promise<ImportedEntity[]> {
    const { tx, now } = this.write;
    const pluginDrafts = plugins.map(({ draft }) => draft);
    const pluginRows = await tx.plugin.findMany({ where: whereOf(pluginDrafts) });
    const routeRows = await tx.route.findMany({ where: whereOf(routes), include: withPluginNames });
    const pluginPlaces = placeEntities(pluginDrafts, pluginRows);
    const routePlaces = placeEntities(routes, routeRows);
    this.refuseConflicts([...conflictsIn(pluginDrafts, pluginPlaces, 'plugin'), ...conflictsIn(routes, routePlaces, 'route')]);
    await tx.artifact.createMany({ data: artifactRows(examined, now), skipDuplicates: true });
    await this.putPlugins(plugins, pluginPlaces, await pluginsOf(tx, pluginRows));
    if (settings !== undefined) await this.putSettings(settings);
    await this.putRoutes(routes, routePlaces, new Map(routeRows.map((row) => [row.id, routeOf(row)])));
    return this.entities;
  }

  private refuseConflicts(issues: readonly FieldIssue[]): void {
    if (issues.length === 0 || this.options.overwrite || this.options.dryRun) return;
    const detail = `${issues[0]?.detail}; nothing was imported. Rename it, or import with ?overwrite=true`;
    throw new AppError('client.conflict', { detail, issues });
  }

  private async putPlugins(
    plugins: readonly PreparedPlugin[],
    places: ReadonlyMap<string, Place>,
    there: ReadonlyMap<string, Plugin>,
  ): Promise<void> {
    const wanted = plugins.map(({ draft, spec }): Wanted<PluginDraft, PluginPut> => {
      const place = placeOf(places, draft);
      const input = spec && { ...spec, name: place.name, tags: importTags(draft.origin, draft.tags) };
      const written = input && parseDraft(PluginSpec, input, draft);
      return { draft, place, put: written && { current: there.get(place.id ?? ''), spec: written } };
    });
    await this.putAll(
      'plugin',
      wanted,
      (puts) => putPlugins(this.write, puts),
      ({ body }, { draft }) => {
        this.imported.set(draft.origin, { name: body.name, isComplete: draft.findings.counts.lost === 0 });
        return { name: body.name };
      },
    );
  }

  private async putRoutes(routes: readonly RouteDraft[], places: ReadonlyMap<string, Place>, there: ReadonlyMap<string, Route>): Promise<void> {
    const wanted = routes.map((draft): Wanted<RouteDraft, RoutePut> => {
      const place = placeOf(places, draft);
      const input = this.routeOf(draft, place.name);
      const written = input && parseDraft(RouteSpec, input, draft);
      return { draft, place, put: written && { current: there.get(place.id ?? ''), spec: written } };
    });
    await this.putAll(
      'route',
      wanted,
      (puts) => putRoutes(this.write, puts),
      ({ body, headers }, { draft, place }) => {
        const warning = headers[warningHeader];
        if (warning !== undefined) draft.findings.changed(draft.pointer, `the route ${place.name}`, { why: warning });
        return { name: place.name, enabled: body.enabled };
      },
    );
  }

  /** All at once, and then an entry of the report for each. */
  private async putAll<DraftOf extends Draft, Entity extends object, Put extends { readonly current: Entity | undefined }>(
    kind: ImportedEntity['kind'],
    wanted: readonly Wanted<DraftOf, Put>[],
    put: (puts: Put[]) => Promise<(Answer<Entity> | AppError)[]>,
    note: (answer: Answer<Entity>, wanted: Wanted<DraftOf, Put>) => Pick<ImportedEntity, 'name' | 'enabled'>,
  ): Promise<void> {
    const puts = wanted.flatMap((one) => (one.put === undefined ? [] : [one.put]));
    const results = new Map((await put(puts)).map((result, index) => [puts[index], result]));
    for (const one of wanted) {
      const { draft, place } = one;
      const result = one.put === undefined ? undefined : results.get(one.put);
      if (result instanceof AppError) addRefusal(draft, result);
      if (result === undefined || result instanceof AppError) {
        this.entities.push({ kind, name: place.name, action: 'skipped', pointer: draft.pointer });
        continue;
      }
      const { name, ...rest } = note(result, one);
      this.entities.push({ kind, name, action: this.actionOf(result, one.put?.current, place), pointer: draft.pointer, ...rest });
    }
  }

  private async putSettings(draft: SettingsDraft): Promise<void> {
    const slots = this.slotsOf(draft).map((slot) => this.withGuard(slot, draft));
    const current = await findSettings(this.write.tx);
    const written = slots.length === 0 ? undefined : parseDraft(Settings, { ...current, plugins: mergeSlots(current.plugins, slots) }, named(draft));
    const answer = written === undefined ? undefined : await this.attempt(draft, () => putSettings(this.write, current, written));
    this.areGlobalsComplete &&= draft.findings.counts.lost === 0;
    if (draft.slots.length === 0) return;
    const action = answer === undefined ? 'skipped' : answer.body === current ? 'unchanged' : 'updated';
    this.entities.push({ kind: 'settings', name: 'settings', action, pointer: draft.pointer });
  }

  /** What runs on every route must not stand in the way of those that are there already. */
  private withGuard({ isComplete, pointer, ...slot }: ReturnType<ImportRun['slotsOf']>[0], { findings }: SettingsDraft): Slots[0] {
    if (slot.enabled === false || isComplete) return slot;
    this.areGlobalsComplete = false;
    if (this.options.incomplete === 'enabled') return slot;
    const why = 'the plugin has lost something: it is switched off, as it would run on the routes that are there already';
    findings.changed(pointer, 'enabled', { why, instead: 'read what was lost, then set enabled, or import again with ?incomplete=enabled' });
    return { ...slot, enabled: false };
  }

  private routeOf(draft: RouteDraft, name: string): RouteSpecInput | undefined {
    const plugins = this.slotsOf(draft).map(({ isComplete: _isComplete, pointer: _pointer, ...slot }) => slot);
    const target = this.targetOf(draft);
    if (target === undefined || draft.match.length === 0) return undefined;
    const { stripPath, match } = draft;
    return { name, enabled: this.isEnabled(draft), tags: importTags(draft.origin, draft.tags), match, stripPath, plugins, target };
  }

  /** The slots whose plugins are there; the others become findings. */
  private slotsOf({ slots, findings }: { readonly slots: readonly SlotDraft[]; readonly findings: Findings }) {
    return slots.flatMap(({ plugin: origin, pointer, ...slot }) => {
      const plugin = this.imported.get(origin);
      if (plugin !== undefined) return [{ ...slot, plugin: plugin.name, isComplete: plugin.isComplete, pointer }];
      const what = 'the plugin of the slot';
      const why = 'it could not be imported: see what is said of it';
      if (slot.enabled === false) findings.ignored(pointer, what, { why: `${why}, and it was off` });
      else findings.lost(pointer, what, { why });
      return [];
    });
  }

  private targetOf({ target, findings }: RouteDraft): RouteSpecInput['target'] | undefined {
    if (target?.kind !== 'plugin') return target?.target;
    const plugin = this.imported.get(target.plugin)?.name;
    if (plugin !== undefined) return { kind: 'function', plugin, ...(target.upstream === undefined ? {} : { upstream: target.upstream }) };
    findings.lost(target.pointer, 'the target of the route', { why: 'its plugin could not be imported: see what is said of it' });
    return undefined;
  }

  /** A route that has lost a guard must not let everybody pass, nor one whose guard has lost what it goes by. */
  private isEnabled({ enabled, findings, pointer, slots, target }: RouteDraft): boolean {
    const origins = [
      ...slots.filter((slot) => slot.enabled !== false).map(({ plugin }) => plugin),
      ...(target?.kind === 'plugin' ? [target.plugin] : []),
    ];
    const isComplete = findings.counts.lost === 0 && origins.every((origin) => this.imported.get(origin)?.isComplete ?? false);
    if (!enabled || (isComplete && this.areGlobalsComplete) || this.options.incomplete === 'enabled') return enabled;
    const who = isComplete ? 'what runs on all routes' : 'the route, or a plugin of it,';
    const instead = 'read what was lost, then set enabled, or import again with ?incomplete=enabled';
    findings.changed(pointer, 'enabled', { why: `${who} has lost something: the route is switched off`, instead });
    return false;
  }

  /** Undefined, with the reasons among the findings, when the rules refuse it; then nothing was written. */
  private async attempt<Result>(draft: SettingsDraft, put: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await put();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      addRefusal(named(draft), error);
      return undefined;
    }
  }

  private actionOf(answer: Answer<object>, current: object | undefined, { isConflict }: Place): Action {
    if (isConflict && !this.options.overwrite) return 'conflict';
    if (current === undefined) return 'created';
    return answer.body === current ? 'unchanged' : 'updated';
  }
}

function named(draft: SettingsDraft) {
  return { ...draft, wish: 'settings' };
}

function whereOf(drafts: readonly Draft[]) {
  const { names, tags } = placesToLookUp(drafts);
  return { workspace: defaultWorkspace, OR: [{ name: { in: names } }, { tags: { hasSome: tags } }] };
}

function placeOf(places: ReadonlyMap<string, Place>, { origin, wish }: Draft): Place {
  return places.get(origin) ?? { name: wish, id: undefined, isConflict: false };
}

function conflictsIn(drafts: readonly Draft[], places: ReadonlyMap<string, Place>, noun: string): FieldIssue[] {
  return drafts.flatMap((draft) => {
    const { name, isConflict } = placeOf(places, draft);
    return isConflict ? [{ pointer: draft.pointer, detail: `there is a ${noun} "${name}" that no import has made` }] : [];
  });
}

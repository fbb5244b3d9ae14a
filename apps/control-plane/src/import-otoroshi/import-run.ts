import { AppError, defaultWorkspace, type FieldIssue, type Plugin, PluginSpec, type Route, RouteSpec, warningHeader } from '@torii/contracts';
import type { z } from 'zod';
import type { Answer } from '../http/answer.js';
import { fieldIssues } from '../http/zod-issues.js';
import { pluginsOf } from '../plugins/plugins.queries.js';
import type { PluginsService } from '../plugins/plugins.service.js';
import type { Prisma } from '../prisma/generated/client.js';
import { routeOf, withPluginNames } from '../routes/routes.queries.js';
import type { RoutesService } from '../routes/routes.service.js';
import type { Write } from '../writes/config-writer.service.js';
import type { PluginDraft, RouteDraft } from './drafts.js';
import { importTags } from './entity-names.js';
import type { PreparedPlugin, PreparedPlugins } from './inline-modules.js';
import { type Place, placeEntities, placesToLookUp } from './place-entities.js';
import type { ImportedEntity } from './report.js';

export interface ImportRunDeps {
  readonly plugins: PluginsService;
  readonly routes: RoutesService;
}

export interface ImportRunOptions {
  readonly dryRun: boolean;
  readonly overwrite: boolean;
  readonly incomplete: 'disabled' | 'enabled';
}

type Draft = PluginDraft | RouteDraft;
type Action = ImportedEntity['action'];

/**
 * Puts what a file came to into the configuration, in a write that is under way. What the rules of plugins and routes refuse
 * becomes a finding, and all else goes on without it.
 */
export class ImportRun {
  private readonly entities: ImportedEntity[] = [];
  /** The plugins that are there, by their origin. */
  private readonly imported = new Map<string, { readonly name: string; readonly isComplete: boolean }>();

  /** What is there now, by id: read at once, as others wait meanwhile. */
  private plugins = new Map<string, Plugin>();
  private routes = new Map<string, Route>();

  constructor(
    private readonly write: Write,
    private readonly deps: ImportRunDeps,
    private readonly options: ImportRunOptions,
  ) {}

  /** Throws `client.conflict`, before anything is written, where names are taken by what was made by hand. */
  async run({ plugins, examined }: PreparedPlugins, routes: readonly RouteDraft[]): Promise<ImportedEntity[]> {
    const { tx, now } = this.write;
    const pluginDrafts = plugins.map(({ draft }) => draft);
    const [forPlugins, forRoutes] = [placesToLookUp(pluginDrafts), placesToLookUp(routes)];
    const pluginRows = await tx.plugin.findMany({ where: whereOf(forPlugins) });
    const routeRows = await tx.route.findMany({ where: whereOf(forRoutes), include: withPluginNames });
    const pluginPlaces = placeEntities(pluginDrafts, pluginRows);
    const routePlaces = placeEntities(routes, routeRows);
    this.refuseConflicts([...conflictsIn(pluginDrafts, pluginPlaces, 'plugin'), ...conflictsIn(routes, routePlaces, 'route')]);
    const modules = examined.map(({ sha256, size, description }) => {
      return { sha256, size, workspace: defaultWorkspace, description: description as unknown as Prisma.InputJsonObject, createdAt: now };
    });
    await tx.artifact.createMany({ data: modules, skipDuplicates: true });
    this.plugins = await pluginsOf(tx, pluginRows);
    this.routes = new Map(routeRows.map((row) => [row.id, routeOf(row)]));
    for (const plugin of plugins) await this.putPlugin(plugin, placeOf(pluginPlaces, plugin.draft));
    for (const route of routes) await this.putRoute(route, placeOf(routePlaces, route));
    return this.entities;
  }

  private refuseConflicts(issues: readonly FieldIssue[]): void {
    if (issues.length === 0 || this.options.overwrite || this.options.dryRun) return;
    const detail = `${issues[0]?.detail}; nothing was imported. Rename it, or import with ?overwrite=true`;
    throw new AppError('client.conflict', { detail, issues });
  }

  private async putPlugin({ draft, spec }: PreparedPlugin, place: Place): Promise<void> {
    const written =
      spec === undefined ? undefined : parse(PluginSpec, { ...spec, name: place.name, tags: importTags(draft.origin, draft.tags) }, draft);
    if (written === undefined) {
      this.skip('plugin', draft, place);
      return;
    }
    const current = place.id === undefined ? undefined : this.plugins.get(place.id);
    const put = (): Promise<Answer<Plugin>> =>
      current === undefined ? this.deps.plugins.insert(this.write, written) : this.deps.plugins.update(this.write, current, written);
    const answer = await this.attempt(draft, put);
    if (answer === undefined) {
      this.skip('plugin', draft, place);
      return;
    }
    this.plugins.set(answer.body.id, answer.body);
    this.imported.set(draft.origin, { name: answer.body.name, isComplete: draft.findings.counts.lost === 0 });
    this.entities.push({ kind: 'plugin', name: answer.body.name, action: this.actionOf(answer, current, place), pointer: draft.pointer });
  }

  private async putRoute(draft: RouteDraft, place: Place): Promise<void> {
    const slots = draft.slots.flatMap(({ plugin: origin, pointer, ...slot }) => {
      const plugin = this.imported.get(origin)?.name;
      if (plugin !== undefined) return [{ plugin, ...slot }];
      const what = 'the plugin of the route';
      const why = 'it could not be imported: see what is said of it';
      if (slot.enabled === false) draft.findings.ignored(pointer, what, { why: `${why}, and it was off` });
      else draft.findings.lost(pointer, what, { why });
      return [];
    });
    const target = this.targetOf(draft);
    if (target === undefined || draft.match.length === 0) {
      this.skip('route', draft, place);
      return;
    }
    const { stripPath, match } = draft;
    const enabled = this.isEnabled(draft);
    const tags = importTags(draft.origin, draft.tags);
    const written = parse(RouteSpec, { name: place.name, enabled, tags, match, stripPath, plugins: slots, target }, draft);
    const current = place.id === undefined ? undefined : this.routes.get(place.id);
    const put = async (spec: RouteSpec): Promise<Answer<Route>> =>
      current === undefined ? this.deps.routes.insert(this.write, spec) : this.deps.routes.update(this.write, current, spec);
    const answer = written === undefined ? undefined : await this.attempt(draft, () => put(written));
    if (answer === undefined) {
      this.skip('route', draft, place);
      return;
    }
    this.routes.set(answer.body.id, answer.body);
    const warning = answer.headers[warningHeader];
    if (warning !== undefined) draft.findings.changed(draft.pointer, `the route ${place.name}`, { why: warning });
    this.entities.push({ kind: 'route', name: place.name, action: this.actionOf(answer, current, place), pointer: draft.pointer, enabled });
  }

  private targetOf({ target, findings }: RouteDraft): z.input<typeof RouteSpec>['target'] | undefined {
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
    if (!enabled || isComplete || this.options.incomplete === 'enabled') return enabled;
    const instead = 'read what was lost, then set enabled, or import again with ?incomplete=enabled';
    findings.changed(pointer, 'enabled', { why: 'the route, or a plugin of it, has lost something: the route is switched off', instead });
    return false;
  }

  /** Undefined, with the reasons among the findings, when the rules refuse it; then nothing was written. */
  private async attempt<Result>(draft: Draft, put: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await put();
    } catch (error) {
      if (!(error instanceof AppError) || error.owner !== 'client') throw error;
      const issues = error.issues.length === 0 ? [{ pointer: '', detail: error.message }] : error.issues;
      addIssues(draft, issues);
      return undefined;
    }
  }

  private actionOf(answer: Answer<object>, current: object | undefined, { isConflict }: Place): Action {
    if (isConflict && !this.options.overwrite) return 'conflict';
    if (current === undefined) return 'created';
    return answer.body === current ? 'unchanged' : 'updated';
  }

  private skip(kind: ImportedEntity['kind'], { pointer }: Draft, { name }: Place): void {
    this.entities.push({ kind, name, action: 'skipped', pointer });
  }
}

function whereOf({ names, tags }: { readonly names: string[]; readonly tags: string[] }) {
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

function parse<Schema extends z.ZodType>(schema: Schema, input: z.input<Schema>, draft: Draft): z.output<Schema> | undefined {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  addIssues(draft, fieldIssues(parsed.error, schema));
  return undefined;
}

function addIssues(draft: Draft, issues: readonly FieldIssue[]): void {
  for (const { pointer, detail, code } of issues) {
    const instead = code === 'unknown_reference' && pointer.startsWith('/source') && 'kind' in draft ? draft.advice : undefined;
    const what = pointer === '' ? `"${draft.wish}"` : pointer.slice(1).split('/', 1)[0];
    draft.findings.lost(draft.pointers.original(pointer), what ?? '', { why: detail, ...(instead === undefined ? {} : { instead }) });
  }
}

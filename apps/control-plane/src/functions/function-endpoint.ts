import { Injectable } from '@nestjs/common';
import {
  AppError,
  type FieldIssue,
  Follower,
  type FunctionEntity,
  type FunctionVersion,
  namePattern,
  type Plugin,
  PluginSpec,
  type Route,
  RouteSpec,
  type Scope,
  wasiNamespace,
} from '@torii/contracts';
import { isCallable } from '@torii/module-check';
import { requireScopes } from '../auth/principal.js';
import { invalid } from '../http/invalid.js';
import { findPlugin } from '../plugins/plugins.queries.js';
import { PluginsService } from '../plugins/plugins.service.js';
import { routeSpecOf } from '../routes/route.mapper.js';
import { findRoute } from '../routes/routes.queries.js';
import { RoutesService } from '../routes/routes.service.js';
import type { Write } from '../writes/config-writer.service.js';
import { findVersion } from './function-versions.queries.js';

/** On the plugin and the route of an endpoint: they are kept in step with the function, and lost with it. */
const endpointTag = 'function-endpoint';
/** Exports that toolchains make for themselves begin with it, such as `_initialize`. */
const internalPrefix = '_';
const namedExportsMax = 10;
/** Of what an endpoint is made of: who writes functions alone could else give a plugin of theirs any grant and address. */
const endpointScopes: readonly Scope[] = ['plugins:write', 'routes:write'];

/**
 * `/fn/<name>` on every node: a plugin named like the function, made and kept in step here, in the write that changed the
 * function or published a version of it; and a route `fn-<name>`, made and renamed likewise, and else left as it is.
 */
@Injectable()
export class FunctionEndpoint {
  constructor(
    private readonly plugins: PluginsService,
    private readonly routes: RoutesService,
  ) {}

  /**
   * Makes the endpoint be what the function says, `nameBefore` being what the function was called until now.
   *
   * Throws `client.forbidden` when the key may not write plugins and routes, built or not: later builds bring about what is
   * allowed here. Throws `client.invalid`, with pointers into the function, when the version cannot be called as its
   * settings say, and `client.conflict` when a name it needs is taken by what is not ours.
   */
  async sync(write: Write, entity: FunctionEntity, nameBefore: string): Promise<void> {
    requireScopes(write, endpointScopes, 'the endpoint of a function');
    await this.bringAbout(write, entity, nameBefore);
  }

  /** Answers what became of the plugin, undefined where there is none to be: it is off, or nothing is built yet. */
  private async bringAbout(write: Write, entity: FunctionEntity, nameBefore: string): Promise<Follower | undefined> {
    if (!entity.endpoint.enabled) {
      await this.switchOff(write, entity, nameBefore);
      return undefined;
    }
    refuseLongName(entity);
    refuseOtherKinds(entity);
    const plugin = await this.findPlugin(write, entity, nameBefore);
    const route = plugin === undefined ? undefined : await findOwnRoute(write, nameBefore, plugin);
    await refuseTakenNames(write, entity, { plugin, route });
    const version = await findVersion(write.tx, entity.id, entity.endpoint.version);
    if (version === undefined) {
      // What was live followed another version than the function now asks for.
      await this.switchOff(write, entity, nameBefore);
      return undefined;
    }
    const saved = await inSettings(() => this.savePlugin(write, plugin, pluginSpecOf(entity, version)));
    if (route === undefined) await this.routes.insert(write, newRouteOf(entity));
    else if (entity.name !== nameBefore) await this.routes.update(write, route, renamed(route, nameBefore, entity.name));
    const outcome = saved.version === plugin?.version ? 'unchanged' : 'updated';
    return { pluginId: saved.id, name: saved.name, outcome, version: saved.version };
  }

  /**
   * The same for a version that was just built, whoever built it: the endpoint was allowed when it was switched on. What
   * stands in the way is answered, since the build itself is fine.
   */
  async follow(write: Write, entity: FunctionEntity): Promise<Follower | undefined> {
    if (!entity.endpoint.enabled) return undefined;
    try {
      return await this.bringAbout(write, entity, entity.name);
    } catch (error) {
      if (!(error instanceof AppError) || error.owner !== 'client') throw error;
      const plugin = await this.findPlugin(write, entity, entity.name);
      const detail = error.issues[0] === undefined ? error.message : error.issues.map((issue) => `${issue.pointer}: ${issue.detail}`).join('; ');
      return { ...(plugin === undefined ? {} : { pluginId: plugin.id }), name: entity.name, outcome: 'refused', detail };
    }
  }

  /** The endpoint's own plugin, when there is one. */
  async findPlugin(write: Write, entity: FunctionEntity, name: string): Promise<Plugin | undefined> {
    const plugin = await findPlugin(write.tx, name);
    if (plugin === undefined || !plugin.tags.includes(endpointTag)) return undefined;
    const key = { pluginId_version: { pluginId: plugin.id, version: plugin.version } };
    const row = await write.tx.pluginVersion.findUnique({ where: key, select: { functionId: true } });
    return row?.functionId === entity.id ? plugin : undefined;
  }

  /** Before the function goes. Throws `client.conflict` when routes of others use the endpoint's plugin, and `client.forbidden` as `sync`. */
  async remove(write: Write, entity: FunctionEntity): Promise<void> {
    const plugin = await this.findPlugin(write, entity, entity.name);
    if (plugin === undefined) return;
    requireScopes(write, endpointScopes, 'the endpoint of a function');
    const route = await findOwnRoute(write, entity.name, plugin);
    if (route !== undefined) await this.routes.delete(write, route);
    await this.plugins.delete(write, plugin);
  }

  /** A plugin that routes of others use stays. */
  private async switchOff(write: Write, entity: FunctionEntity, name: string): Promise<void> {
    const plugin = await this.findPlugin(write, entity, name);
    if (plugin === undefined) return;
    const route = await findOwnRoute(write, name, plugin);
    if (route !== undefined) await this.routes.delete(write, route);
    const users = await write.tx.routePlugin.count({ where: { pluginId: plugin.id } });
    if (users === 0) await this.plugins.delete(write, plugin);
  }

  private async savePlugin(write: Write, current: Plugin | undefined, spec: PluginSpec): Promise<Plugin> {
    const answer = current === undefined ? await this.plugins.insert(write, spec) : await this.plugins.update(write, current, spec);
    return answer.body;
  }
}

function routeNameOf(name: string): string {
  return `fn-${name}`;
}

function pathOf(name: string): string {
  return `/fn/${name}`;
}

async function findOwnRoute(write: Write, name: string, plugin: Plugin): Promise<Route | undefined> {
  const route = await findRoute(write.tx, routeNameOf(name));
  const isOwn = route?.tags.includes(endpointTag) === true && route.target.kind === 'function' && route.target.plugin === plugin.name;
  return isOwn ? route : undefined;
}

function refuseLongName({ name }: FunctionEntity): void {
  if (namePattern.test(routeNameOf(name))) return;
  const detail = `is too long for an endpoint, whose route is called "${routeNameOf('<name>')}": 60 characters at most`;
  throw invalid([{ pointer: '/name', detail }]);
}

/** Before anything is written: no route takes a plugin of another kind as its target. */
function refuseOtherKinds({ settings }: FunctionEntity): void {
  if (settings.kind === 'backend') return;
  throw invalid([{ pointer: '/settings/kind', detail: `is ${settings.kind}: only a backend can answer at an endpoint` }]);
}

async function refuseTakenNames(
  write: Write,
  { name }: FunctionEntity,
  own: { readonly plugin: Plugin | undefined; readonly route: Route | undefined },
): Promise<void> {
  const issues: FieldIssue[] = [];
  const plugin = await findPlugin(write.tx, name);
  if (plugin !== undefined && plugin.id !== own.plugin?.id) {
    issues.push({ pointer: '/endpoint/enabled', detail: `the endpoint needs a plugin named "${name}", and there is another one: rename either` });
  }
  const route = await findRoute(write.tx, routeNameOf(name));
  if (route !== undefined && route.id !== own.route?.id) {
    const detail = `the endpoint needs a route named "${routeNameOf(name)}", and there is another one: rename either`;
    issues.push({ pointer: '/endpoint/enabled', detail });
  }
  const first = issues[0];
  if (first !== undefined) throw new AppError('client.conflict', { detail: first.detail, issues });
}

function pluginSpecOf(entity: FunctionEntity, version: FunctionVersion): PluginSpec {
  const { settings } = entity;
  return PluginSpec.parse({
    ...settings,
    name: entity.name,
    description: `The endpoint of the function ${entity.name}`,
    tags: [endpointTag],
    source: { kind: 'function', name: entity.name, version: entity.endpoint.version },
    functionName: settings.functionName ?? onlyFunctionOf(version),
    wasi: version.imports.some(({ module }) => module === wasiNamespace),
  });
}

function newRouteOf({ name }: FunctionEntity): RouteSpec {
  return RouteSpec.parse({
    name: routeNameOf(name),
    tags: [endpointTag],
    match: [{ paths: [{ type: 'prefix', value: pathOf(name) }] }],
    stripPath: true,
    target: { kind: 'function', plugin: name },
  });
}

/**
 * The route under another name, and else as it is: somebody may have put an access validator on it, narrowed its hosts, or
 * switched it off, and neither a build nor a setting takes that back.
 */
function renamed(route: Route, before: string, name: string): RouteSpec {
  const spec = routeSpecOf(route);
  const match = spec.match.map((one) => ({
    ...one,
    paths: one.paths.map((path) => (path.value === pathOf(before) ? { ...path, value: pathOf(name) } : path)),
  }));
  const target = spec.target.kind === 'function' ? { ...spec.target, plugin: name } : spec.target;
  return { ...spec, name: routeNameOf(name), match, target };
}

function onlyFunctionOf({ version, exports }: FunctionVersion): string {
  const names = exports.filter((entry) => isCallable(entry) && !entry.name.startsWith(internalPrefix)).map(({ name }) => name);
  const only = names[0];
  if (only !== undefined && names.length === 1) return only;
  const listed = names.slice(0, namedExportsMax).join(', ');
  const found = only === undefined ? 'exports no function that can be called' : `exports ${listed}: say which of them answers`;
  throw invalid([{ pointer: '/functionName', detail: `version ${version} ${found}` }]);
}

/** What is wrong with the plugin is wrong with the settings it is made of. */
async function inSettings<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'client.invalid') throw error;
    throw invalid(error.issues.map((issue) => ({ ...issue, pointer: pointerIntoFunction(issue.pointer) })));
  }
}

function pointerIntoFunction(pointer: string): string {
  return pointer.startsWith('/source') ? '/endpoint/version' : `/settings${pointer}`;
}

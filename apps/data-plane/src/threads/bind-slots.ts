import {
  AppError,
  messageFunctionsOf,
  pluginVersionKey,
  type ServedKind,
  type SlotKind,
  type SnapshotPlugin,
  type SnapshotSlot,
} from '@torii/contracts';
import type { BoundPlugin } from '../pipeline/bound-plugin.js';
import {
  accessValidatorInput,
  type EncodeInput,
  preRouteInput,
  requestTransformerInput,
  responseTransformerInput,
  routeMatcherInput,
  routerInput,
  sinkInput,
  sinkQuestion,
} from '../pipeline/encode-input.js';
import { websocketTransformerInput } from '../pipeline/message-input.js';
import { PathScope } from '../pipeline/path-scope.js';
import type { MatcherSlot, MessageSlot, RequestSlot, ResponseSlot, RouterSlot, RouteSlots, SinkSlot } from '../pipeline/route-slots.js';
import type { Expressions } from '../routing/expressions.js';

export interface AvailablePlugin {
  readonly plugin: SnapshotPlugin;
  readonly bound: BoundPlugin;
}

export interface BindDeps {
  /** By `pluginVersionKey`. */
  readonly plugins: ReadonlyMap<string, AvailablePlugin>;
  /** Shared by all routes, so that each expression is compiled once. */
  readonly expressions: Expressions;
}

/** The slots of the settings. */
export interface GlobalSlots {
  /** Of every route; undefined when there are none. */
  readonly slots: RouteSlots | undefined;
  readonly routers: readonly RouterSlot[];
  readonly sinks: readonly SinkSlot[];
}

/** Before the target, in the order in which they run. */
const requestKinds = ['pre_route', 'access_validator', 'request_transformer'] as const satisfies readonly SlotKind[];

/** Throws `config.invalid_snapshot` for a plugin that is not there, or is no plugin for a slot. */
export function bindGlobalSlots(slots: readonly SnapshotSlot[], deps: BindDeps): GlobalSlots {
  const bound = bindAll(slots, 'the settings', deps);
  return { slots: inOrder(bound), routers: bound.routers, sinks: bound.sinks };
}

/**
 * The slots that a route's requests run: those of the settings, and its own. A route without its own has those of the
 * settings as they are, however many such routes there are; undefined when there are none at all. Throws as
 * `bindGlobalSlots` does, and for a router or a sink.
 */
export function bindRouteSlots(
  route: { readonly name: string; readonly plugins?: readonly SnapshotSlot[] | undefined },
  globals: RouteSlots | undefined,
  deps: BindDeps,
): RouteSlots | undefined {
  if (route.plugins === undefined || route.plugins.length === 0) return globals;
  const own = bindAll(route.plugins, `route ${route.name}`, deps);
  const [settingsOnly] = [...own.routers, ...own.sinks];
  if (settingsOnly !== undefined) throw misplaced(`route ${route.name}`, settingsOnly, 'a slot');
  if (globals === undefined) return inOrder(own);
  return inOrder({
    matchers: [...globals.matchers, ...own.matchers],
    request: [...globals.request, ...own.request],
    response: [...globals.response, ...own.response],
    messages: [...globals.messages, ...own.messages],
  });
}

/** A route's slots with others in the place of those of the settings; its own stay, and stay behind them. */
export function withOtherGlobals(slots: RouteSlots | undefined, from: RouteSlots | undefined, to: RouteSlots | undefined): RouteSlots | undefined {
  if (slots === undefined || slots === from) return to;
  const own = <Slot>(all: readonly Slot[], globals: readonly Slot[] = []): Slot[] => all.filter((slot) => !globals.includes(slot));
  return inOrder({
    matchers: [...(to?.matchers ?? []), ...own(slots.matchers, from?.matchers)],
    request: [...(to?.request ?? []), ...own(slots.request, from?.request)],
    response: [...(to?.response ?? []), ...own(slots.response, from?.response)],
    messages: [...(to?.messages ?? []), ...own(slots.messages, from?.messages)],
  });
}

/** The plugin version that something refers to; throws `config.invalid_snapshot` when it is not there. */
export function availablePlugin(owner: string, { plugin, version }: Pick<SnapshotSlot, 'plugin' | 'version'>, deps: BindDeps): AvailablePlugin {
  const found = deps.plugins.get(pluginVersionKey({ id: plugin, version }));
  if (found !== undefined) return found;
  throw new AppError('config.invalid_snapshot', { detail: `${owner} runs version ${version} of plugin ${plugin}, which is not there` });
}

export function misplaced(owner: string, { kind, plugin }: { readonly kind: ServedKind; readonly plugin: BoundPlugin }, place: string): AppError {
  return new AppError('config.invalid_snapshot', { detail: `${owner} has the ${kind} plugin ${plugin.name} as ${place}` });
}

interface Bound extends RouteSlots {
  readonly routers: readonly RouterSlot[];
  readonly sinks: readonly SinkSlot[];
}

function bindAll(slots: readonly SnapshotSlot[], owner: string, deps: BindDeps): Bound {
  const matchers: MatcherSlot[] = [];
  const request: RequestSlot[] = [];
  const response: ResponseSlot[] = [];
  const messages: MessageSlot[] = [];
  const routers: RouterSlot[] = [];
  const sinks: SinkSlot[] = [];
  for (const slot of slots) {
    const { plugin, bound } = availablePlugin(owner, slot, deps);
    const parts = { plugin: bound, scope: PathScope.of(slot, deps.expressions), isSkippable: slot.onError === 'skip' };
    const config = configOf(plugin, slot);
    const { kind } = plugin;
    if (kind === 'backend') throw misplaced(owner, { kind, plugin: bound }, 'a slot');
    if (kind === 'sink') sinks.push({ ...parts, kind, encodeQuestion: sinkQuestion(config), encodeInput: sinkInput(config) });
    else if (kind === 'router') routers.push({ ...parts, kind, encodeInput: routerInput(config) });
    else if (kind === 'route_matcher') matchers.push({ ...parts, kind, encodeInput: routeMatcherInput(config) });
    else if (kind === 'response_transformer') response.push({ ...parts, kind, encodeInput: responseTransformerInput(config) });
    else if (kind === 'websocket_transformer')
      messages.push({ ...parts, kind, functionNames: messageFunctionNames(plugin, bound), encodeInput: websocketTransformerInput(config) });
    else request.push({ ...parts, kind, encodeInput: requestEncoder(kind, config) });
  }
  return { matchers, request, response, messages, routers, sinks };
}

/** Those before the target by kind; undefined when there are none. */
function inOrder({ matchers, request, response, messages }: RouteSlots): RouteSlots | undefined {
  if (matchers.length + request.length + response.length + messages.length === 0) return undefined;
  return { matchers, request: requestKinds.flatMap((kind) => request.filter((slot) => slot.kind === kind)), response, messages };
}

function requestEncoder(kind: RequestSlot['kind'], config: SnapshotSlot['config']): EncodeInput {
  switch (kind) {
    case 'pre_route':
      return preRouteInput(config);
    case 'access_validator':
      return accessValidatorInput(config);
    case 'request_transformer':
      return requestTransformerInput(config);
  }
}

/** Those of the two directions that the module exports. */
function messageFunctionNames({ functionName }: SnapshotPlugin, { pool }: BoundPlugin): MessageSlot['functionNames'] {
  const { toUpstream, toClient } = messageFunctionsOf(functionName);
  const served = (name: string): string | undefined => (pool.serves(name) ? name : undefined);
  return { toUpstream: served(toUpstream), toClient: served(toClient) };
}

/** Where both have a name, the slot's value counts. */
function configOf(plugin: SnapshotPlugin, slot: SnapshotSlot): SnapshotSlot['config'] {
  return { ...plugin.config, ...slot.config };
}

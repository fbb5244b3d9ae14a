import { convertBackend } from './backend.js';
import { type BackendEntities, backendOf } from './backend-entities.js';
import type { RouteDraft, TargetDraft } from './drafts.js';
import { nameFrom } from './entity-names.js';
import type { Fields } from './fields.js';
import { convertFrontend } from './frontend.js';
import { PointerMap } from './pointer-map.js';
import { convertRouteSlots, type RouteSlots } from './route-slots.js';
import type { Certificates } from './upstream-peer.js';
import { ignoreEntityFields, type WasmPlugins } from './wasm-plugins.js';

export interface RouteOptions {
  readonly wasm: WasmPlugins;
  readonly backends: BackendEntities;
  readonly certificates: Certificates;
}

/** A route of Otoroshi's; undefined, with the reason among the findings, for what has neither id nor name. */
export function convertRoute(route: Fields, options: RouteOptions): RouteDraft | undefined {
  const id = route.filledText('id');
  const name = route.filledText('name');
  const origin = id ?? name;
  if (origin === undefined) {
    route.findings.lost(route.pointer, 'the route', { why: 'has neither an id nor a name', instead: 'correct the file' });
    return undefined;
  }
  const pointers = new PointerMap(route.pointer);
  const tags = route.texts('tags').map(({ text }) => text);
  const enabled = route.flag('enabled') ?? true;
  const frontend = route.object('frontend');
  const { match, stripPath } = convertFrontend(frontend, pointers);
  if (match.length === 0) {
    const instead = 'give it a domain';
    route.findings.lost(frontend?.pointer ?? route.pointer, 'the route', { why: 'has no domain, and so takes no request', instead });
  }
  const slots = convertRouteSlots(route, { origin, name: name ?? origin, tags }, options.wasm, pointers);
  for (const [index, { pointer }] of slots.slots.entries()) pointers.set(`/plugins/${index}`, pointer);
  const target = findTarget(route, slots, pointers, options);
  readFlags(route);
  ignoreEntityFields(route);
  route.end();
  const wish = nameFrom(name ?? origin, 'route');
  const { pointer, findings } = route;
  return { origin, wish, pointer, pointers, findings, enabled, tags, match, stripPath, slots: slots.slots, target };
}

function findTarget(route: Fields, slots: RouteSlots, pointers: PointerMap, options: RouteOptions): TargetDraft | undefined {
  const { target, preserveHost } = slots;
  if (target?.kind === 'other') {
    route.ignore('no request comes to it: a plugin answers all of them', { backend: undefined, backend_ref: undefined });
    return target;
  }
  const backend = backendOf(route, options.backends);
  const place = target === undefined ? '/target' : '/target/upstream';
  const upstream = backend && convertBackend(backend, { certificates: options.certificates, pointers, preserveHost, place });
  if (target !== undefined) return upstream === undefined ? target : { ...target, upstream };
  if (upstream !== undefined) return { kind: 'other', target: upstream };
  const pointer = backend?.pointer ?? route.pointer;
  route.findings.lost(pointer, 'the route', { why: 'has no target to send requests to', instead: 'give its backend a target' });
  return undefined;
}

function readFlags(route: Fields): void {
  for (const { text, pointer } of route.texts('bound_listeners')) {
    route.findings.lost(pointer, `the listener ${text}`, { why: 'a route takes requests whichever way they come' });
  }
  const tracing = 'requests are traced by the tester, or by a token in a header';
  route.ignore(tracing, { debug_flow: false, export_reporting: false, capture: false });
  route.ignore('keys are not taken over, and so nor are the groups they are for', { groups: ['default'] });
  route.ignore('only describes the route', { description: undefined });
}

import { isSlotKind, slotKinds } from '@torii/contracts';
import type { SlotDraft, TargetDraft } from './drafts.js';
import type { Fields } from './fields.js';
import { answeringAsBackend, answeringFirst } from './fixed-target.js';
import { adviceForClass, wasmClass } from './plugin-classes.js';
import type { PointerMap } from './pointer-map.js';
import { type FileSlot, inOrder, isRestricted, readSlots } from './slot.js';
import type { PluginOwner, WasmPlugins } from './wasm-plugins.js';
import { convertWasmSlots } from './wasm-slots.js';

export interface RouteIdentity {
  readonly origin: string;
  readonly name: string;
  readonly tags: readonly string[];
}

export interface RouteSlots {
  readonly slots: SlotDraft[];
  /** What answers in place of the backend; undefined where nothing does. */
  readonly target: TargetDraft | undefined;
  /** Whether targets get the `Host` that the client sent. */
  readonly preserveHost: boolean;
}

/** Plugins whose work nodes do for every route. */
export const alwaysDone: Readonly<Record<string, string>> = {
  XForwardedHeaders: 'targets are always sent X-Forwarded-* headers',
};

/** The plugins of a route: those in Wasm as slots or as its target, and those of Otoroshi's own that a target can stand for. */
export function convertRouteSlots(route: Fields, identity: RouteIdentity, wasm: WasmPlugins, pointers: PointerMap): RouteSlots {
  const all = readSlots(route, 'plugins');
  const overrides = all.find(({ className, enabled }) => className === 'OverrideHost' && enabled);
  if (overrides !== undefined && isRestricted(overrides)) lostRestriction(overrides, 'the override of the host');
  const slots = convertWasmSlots(all, { kinds: slotKinds, wasm, ownerOf: (kind, position) => ownerOf(identity, kind, position) });
  const target = findTarget(all, identity, wasm, pointers);
  for (const slot of all) reportOther(slot);
  return { slots, target, preserveHost: overrides === undefined };
}

/** What the plugin of the n-th slot of a kind is told apart by, and called after. */
function ownerOf({ origin, name, tags }: RouteIdentity, kind: string, position: number): PluginOwner {
  const number = position === 0 ? '' : ` ${position + 1}`;
  return { origin: `${origin} ${kind}${number}`, name: `${name}${number}`, description: `Of the route ${name}${number} in Otoroshi`, tags };
}

function findTarget(all: readonly FileSlot[], identity: RouteIdentity, wasm: WasmPlugins, pointers: PointerMap): TargetDraft | undefined {
  const first = inOrder(all.filter(isOneOf(answeringFirst)), 'pre_route');
  const asBackend = inOrder(
    all.filter((slot) => isOneOf(answeringAsBackend)(slot) || (slot.enabled && slot.className === 'WasmBackend')),
    'call_backend',
  );
  let target: TargetDraft | undefined;
  let isTaken = false;
  for (const slot of [...first, ...asBackend]) {
    if (isTaken) {
      slot.config.findings.ignored(slot.pointer, `the plugin ${slot.className}`, { why: 'another plugin answers first, so that it never ran' });
    } else if (isRestricted(slot)) {
      lostRestriction(slot, `the plugin ${slot.className}`);
    } else {
      target = convertTarget(slot, identity, wasm);
      // A redirection that does not redirect lets the next one answer.
      isTaken = target !== undefined || slot.className !== 'Redirection';
      if (target !== undefined) pointers.set('/target', target.kind === 'plugin' ? slot.pointer : slot.config.pointer);
    }
  }
  return target;
}

function convertTarget(slot: FileSlot, identity: RouteIdentity, wasm: WasmPlugins): TargetDraft | undefined {
  const backend = wasmClass(slot.className);
  if (backend?.kind === 'backend') {
    const plugin = wasm.forSlot({ ...backend, config: slot.config, owner: ownerOf(identity, 'backend', 0) });
    return plugin === undefined ? undefined : { kind: 'plugin', plugin, pointer: slot.pointer };
  }
  const convert = answeringFirst[slot.className] ?? answeringAsBackend[slot.className];
  const target = convert?.(slot);
  return target === undefined ? undefined : { kind: 'other', target };
}

function isOneOf(table: Readonly<Record<string, unknown>>): (slot: FileSlot) => boolean {
  return ({ className, enabled }) => enabled && Object.hasOwn(table, className);
}

function lostRestriction({ config, pointer }: FileSlot, what: string): void {
  const instead = 'make a route of its own for these paths';
  config.findings.lost(pointer, what, { why: 'is for some paths of the route only, where here it would be for all', instead });
}

/** Says what became of every plugin that is neither a slot nor the target. */
function reportOther({ className, enabled, pointer, config }: FileSlot): void {
  const isConverted = Object.hasOwn(answeringFirst, className) || Object.hasOwn(answeringAsBackend, className) || className === 'OverrideHost';
  const kind = wasmClass(className)?.kind;
  if (kind !== undefined && (isSlotKind(kind) || (enabled && kind === 'backend'))) return;
  const what = `the plugin ${className}`;
  if (!enabled) config.findings.ignored(pointer, what, { why: 'is switched off' });
  else if (Object.hasOwn(alwaysDone, className)) config.findings.ignored(pointer, what, { why: alwaysDone[className] ?? '' });
  else if (!isConverted) {
    const why = kind === undefined ? 'there is no such plugin here' : 'is none of a single route';
    config.findings.lost(pointer, what, { why, instead: adviceForClass(className) });
  }
}

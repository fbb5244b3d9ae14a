import { slotKinds } from '@torii/contracts';
import type { SlotDraft, TargetDraft } from './drafts.js';
import type { Fields } from './fields.js';
import { answeringAsBackend, answeringFirst } from './fixed-target.js';
import { adviceForClass, wasmClass } from './plugin-classes.js';
import type { PointerMap } from './pointer-map.js';
import { type FileSlot, inOrder, isRestricted, readSlots } from './slot.js';
import type { WasmPlugins } from './wasm-plugins.js';

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
const alwaysDone: Readonly<Record<string, string>> = {
  XForwardedHeaders: 'targets are always sent X-Forwarded-* headers',
};

/** The plugins of a route: those in Wasm as slots or as its target, and those of Otoroshi's own that a target can stand for. */
export function convertRouteSlots(route: Fields, identity: RouteIdentity, wasm: WasmPlugins, pointers: PointerMap): RouteSlots {
  const all = readSlots(route, 'plugins');
  const overrides = all.find(({ className, enabled }) => className === 'OverrideHost' && enabled);
  if (overrides !== undefined && isRestricted(overrides)) lostRestriction(overrides, 'the override of the host');
  const slots = wasmSlots(all, identity, wasm);
  const target = findTarget(all, identity, wasm, pointers);
  for (const slot of all) reportOther(slot);
  return { slots, target, preserveHost: overrides === undefined };
}

function wasmSlots(all: readonly FileSlot[], identity: RouteIdentity, wasm: WasmPlugins): SlotDraft[] {
  return slotKinds.flatMap((kind) => {
    const ofKind = all.filter(({ className }) => wasmClass(className)?.kind === kind);
    const origins = new Map(ofKind.map((slot, index) => [slot, originOf(slot, index)]));
    const index = wasmClass(ofKind[0]?.className ?? '')?.index ?? '';
    return inOrder(ofKind, index).flatMap((slot) => {
      const plugin = origins.get(slot);
      const { enabled, include, exclude, pointer } = slot;
      return plugin === undefined ? [] : [{ plugin, enabled, include, exclude, pointer }];
    });

    function originOf(slot: FileSlot, position: number): string | undefined {
      const known = wasmClass(slot.className);
      return known === undefined ? undefined : wasm.forSlot({ ...known, config: slot.config, owner: ownerOf(identity, kind, position) });
    }
  });
}

/** What the plugin of the n-th slot of a kind is told apart by, and called after. */
function ownerOf({ origin, name, tags }: RouteIdentity, kind: string, position: number): RouteIdentity {
  const number = position === 0 ? '' : ` ${position + 1}`;
  return { origin: `${origin} ${kind}${number}`, name: `${name}${number}`, tags };
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
  if (backend !== undefined) {
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
  const known = wasmClass(className);
  if (known !== undefined && (enabled || known.kind !== 'backend')) return;
  const what = `the plugin ${className}`;
  if (!enabled) config.findings.ignored(pointer, what, { why: 'is switched off' });
  else if (Object.hasOwn(alwaysDone, className)) config.findings.ignored(pointer, what, { why: alwaysDone[className] ?? '' });
  else if (!isConverted) config.findings.lost(pointer, what, { why: 'there is no such plugin here', instead: adviceForClass(className) });
}

import type { PluginKind } from '@torii/contracts';
import type { SlotDraft } from './drafts.js';
import { wasmClass } from './plugin-classes.js';
import { type FileSlot, inOrder } from './slot.js';
import type { PluginOwner, WasmPlugins } from './wasm-plugins.js';

interface WasmSlotOptions {
  /** Those that can stand there, in the order in which slots are to be listed. */
  readonly kinds: readonly PluginKind[];
  readonly wasm: WasmPlugins;
  /** Whose the plugin of the n-th slot of a kind is. */
  readonly ownerOf: (kind: PluginKind, position: number) => PluginOwner;
}

/** The slots of a route, or of all routes, whose plugins are in Wasm and of one of the kinds. */
export function convertWasmSlots(all: readonly FileSlot[], { kinds, wasm, ownerOf }: WasmSlotOptions): SlotDraft[] {
  return kinds.flatMap((kind) => {
    const ofKind = all.filter(({ className }) => wasmClass(className)?.kind === kind);
    const origins = new Map(ofKind.map((slot, position) => [slot, originOf(slot, position)]));
    const index = wasmClass(ofKind[0]?.className ?? '')?.index ?? '';
    return inOrder(ofKind, index).flatMap((slot) => {
      const plugin = origins.get(slot);
      const { enabled, include, exclude, pointer } = slot;
      return plugin === undefined ? [] : [{ plugin, enabled, include, exclude, pointer }];
    });

    function originOf(slot: FileSlot, position: number): string | undefined {
      const known = wasmClass(slot.className);
      return known === undefined ? undefined : wasm.forSlot({ ...known, config: slot.config, owner: ownerOf(kind, position) });
    }
  });
}

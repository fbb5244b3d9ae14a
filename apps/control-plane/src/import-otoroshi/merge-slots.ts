import type { Settings } from '@torii/contracts';

/**
 * The slots of the settings with those of a file among them: they stand together, in the order of the file, where the first
 * slot of one of their plugins was, or else at the end. Slots of other plugins stay as they are.
 */
export function mergeSlots<Slot extends { readonly plugin: string }>(
  current: Settings['plugins'],
  imported: readonly Slot[],
): (Settings['plugins'][0] | Slot)[] {
  const plugins = new Set(imported.map(({ plugin }) => plugin));
  const first = current.findIndex(({ plugin }) => plugins.has(plugin));
  const place = first === -1 ? current.length : first;
  const others = current.slice(place).filter(({ plugin }) => !plugins.has(plugin));
  return [...current.slice(0, place), ...imported, ...others];
}

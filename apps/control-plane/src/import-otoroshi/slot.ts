import { isJsonObject } from '../http/merge-patch.js';
import { Fields } from './fields.js';
import { classOf } from './plugin-classes.js';

/** A plugin's place on a route, as the file has it. */
export interface FileSlot {
  readonly className: string;
  readonly enabled: boolean;
  readonly include: string[];
  readonly exclude: string[];
  readonly config: Fields;
  readonly pointer: string;
  /** Where it stands among those of a step: first those with an index, by that, then the others as they are listed. */
  readonly indexOf: (step: string) => number;
}

/** The plugins of a route, or of all, in both forms that files have: a list, and an object with `slots`. */
export function readSlots(owner: Fields, name: string): FileSlot[] {
  const value = owner.take(name);
  const isList = Array.isArray(value);
  const slots = isList ? value : isJsonObject(value) ? value.slots : undefined;
  const place = isList ? [name] : [name, 'slots'];
  if (value !== undefined && !Array.isArray(slots)) {
    owner.findings.lost(owner.pointerTo(name), name, { why: 'is neither a list of plugins nor an object with slots', instead: 'correct the file' });
  }
  return (Array.isArray(slots) ? slots : []).flatMap((slot, index) => readSlot(slot, owner.pointerTo(...place, index), owner));
}

/** Those of one step in the order in which they run. */
export function inOrder(slots: readonly FileSlot[], step: string): FileSlot[] {
  return [...slots].sort((one, other) => compare(one.indexOf(step), other.indexOf(step)));
}

export function isRestricted({ include, exclude }: FileSlot): boolean {
  return include.length > 0 || exclude.length > 0;
}

function readSlot(value: unknown, pointer: string, { findings }: Fields): FileSlot[] {
  const slot = isJsonObject(value) ? new Fields(value, pointer, findings) : undefined;
  const plugin = slot?.filledText('plugin');
  if (slot === undefined || plugin === undefined) {
    findings.lost(pointer, 'the plugin', { why: 'does not say which plugin it is', instead: 'correct the file' });
    return [];
  }
  const indexes = slot.take('plugin_index');
  const read: FileSlot = {
    className: classOf(plugin),
    enabled: slot.flag('enabled') ?? true,
    include: slot.texts('include').map(({ text }) => text),
    exclude: slot.texts('exclude').map(({ text }) => text),
    config: slot.object('config') ?? new Fields({}, slot.pointerTo('config'), findings),
    pointer,
    indexOf: (step) => {
      const index = isJsonObject(indexes) && Object.hasOwn(indexes, step) ? indexes[step] : undefined;
      return typeof index === 'number' ? index : Number.POSITIVE_INFINITY;
    },
  };
  slot.ignore('what a plugin does is shown by the trace of a request', { debug: false });
  for (const { text, pointer: at } of slot.texts('bound_listeners')) {
    findings.lost(at, `the listener ${text}`, { why: 'a plugin runs whichever way a request comes' });
  }
  slot.end();
  return [read];
}

/** Two indexes that are both infinite have no difference to sort by. */
function compare(one: number, other: number): number {
  return one === other ? 0 : one - other;
}

import { describe, expect, it } from '@jest/globals';
import { Settings } from '@torii/contracts';
import { mergeSlots } from './merge-slots.js';

const current = (...plugins: string[]) => Settings.parse({ plugins: plugins.map((plugin) => ({ plugin })) }).plugins;
const merged = (there: string[], imported: string[]) =>
  mergeSlots(
    current(...there),
    imported.map((plugin, index) => ({ plugin, index })),
  ).map((slot) => ('index' in slot ? `${slot.plugin}${slot.index}` : slot.plugin));

describe('mergeSlots', () => {
  it.each<[string[], string[], string[]]>([
    [[], ['x', 'y'], ['x0', 'y1']],
    [['a', 'b'], ['x'], ['a', 'b', 'x0']],
    [['a', 'x', 'b'], ['x'], ['a', 'x0', 'b']],
    [
      ['a', 'y', 'b', 'x', 'c'],
      ['x', 'y', 'z'],
      ['a', 'x0', 'y1', 'z2', 'b', 'c'],
    ],
    [['x', 'a', 'x'], ['x'], ['x0', 'a']],
    [['a', 'x'], [], ['a', 'x']],
  ])('puts slots among %j those of %j', (there, imported, expected) => {
    expect(merged(there, imported)).toEqual(expected);
  });

  it('comes to the same when it is done again', () => {
    const slots = [{ plugin: 'x' }, { plugin: 'y' }];
    const once = mergeSlots(current('a', 'y', 'b', 'x'), slots).map(({ plugin }) => plugin);
    expect(mergeSlots(current(...once), slots).map(({ plugin }) => plugin)).toEqual(once);
  });
});

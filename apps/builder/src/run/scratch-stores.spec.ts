import { expect, it } from '@jest/globals';
import { FunctionSettings } from '@torii/contracts';
import { ScratchStores } from './scratch-stores.js';

const MiB = 1024 * 1024;
const settings = FunctionSettings.parse({});

it('gives each run stores of its own, all empty', async () => {
  const scratch = new ScratchStores();
  const [one, other] = [scratch.open(settings), scratch.open(settings)];
  await one.stores.pluginMap('run').set('k', Buffer.from('v'));
  expect(await one.stores.pluginMap('run').exists('k')).toBe(true);
  expect(await one.stores.globalMap().exists('k')).toBe(false);
  expect(await other.stores.pluginMap('run').exists('k')).toBe(false);
});

it('refuses what would be more than the settings, or a run, may hold', async () => {
  const scratch = new ScratchStores();
  const narrow = FunctionSettings.parse({ limits: { kvMaxBytes: 10 }, hostFunctions: [{ name: 'global_map', access: ['write'], maxKeys: 1 }] });
  const { stores } = scratch.open(narrow);
  expect(await stores.pluginMap('run').set('k', Buffer.alloc(20))).toBe('over_limit');
  expect([await stores.globalMap().set('a', Buffer.alloc(1)), await stores.globalMap().set('b', Buffer.alloc(1))]).toEqual([undefined, 'over_limit']);
  const large = scratch.open(settings).stores.pluginMap('run');
  const writes = await Promise.all(['a', 'b', 'c'].map((key) => large.set(key, Buffer.alloc(7 * MiB))));
  expect(writes).toEqual([undefined, undefined, 'over_limit']);
});

it('uses the memory of runs that are over again', async () => {
  const scratch = new ScratchStores();
  // All of them together would hold five times as much as there is.
  for (let run = 0; run < 14; run += 1) {
    const { stores, close } = scratch.open(settings);
    const writes = [await stores.pluginMap('run').set('k', Buffer.alloc(12 * MiB)), await stores.globalDatastore().set('k', Buffer.alloc(12 * MiB))];
    expect(writes).toEqual([undefined, undefined]);
    close();
  }
});

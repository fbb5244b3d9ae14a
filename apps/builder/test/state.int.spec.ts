import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ABuilder, aSource } from './a-builder.js';

describe('two builders with one home', () => {
  const settings = [new ABuilder(), new ABuilder()] as const;
  afterEach(() => Promise.all(settings.map((setting) => setting.close())));

  it('keep their caches apart, and refuse to share a folder that was named', async () => {
    const [one, other] = settings;
    await one.start();
    await other.open();
    await other.start({ TORII_HOME: one.home });
    expect((await readdir(one.home)).filter((name) => name.startsWith('builder')).sort()).toEqual(['builder', 'builder-2']);
    expect((await other.build(aSource())).status).toBe('succeeded');
    await other.stopBuilder();
    const state = path.join(one.home, 'builder');
    await expect(other.start({ TORII_BUILDER_STATE: state })).rejects.toThrow(`${state} is in use by another builder`);
    await one.stopBuilder();
    await other.start({ TORII_BUILDER_STATE: state });
    expect((await other.build(aSource())).status).toBe('succeeded');
  });
});

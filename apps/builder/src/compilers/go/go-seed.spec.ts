import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { GoModules } from '../../dependencies/go.js';
import { createSandbox } from '../../sandbox/sandbox.js';
import type { GoToolchain } from './find-go.js';
import { GoSeed } from './go-seed.js';

// Real seeds are made by go.spec.ts; here a program that only notes what it was to build stands in for Go.
describe('what Go builds begin with, in a folder that builders share', () => {
  let home: string;
  let toolchain: GoToolchain;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'torii-go-seed-'));
    await mkdir(path.join(home, 'torii'));
    toolchain = { go: path.join(home, 'go'), goRoot: home, version: '1.26.0' };
    await writeFile(toolchain.go, `#!/bin/sh\ncat go.mod main.go >>${home}/built\necho end >>${home}/built\n: >"$GOCACHE/compiled"\n`);
    await chmod(toolchain.go, 0o755);
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  /** As another builder would have. */
  function aSeed(): GoSeed {
    const sandbox = createSandbox({ mode: 'none', searchPath: '', scratch: home });
    const modules = new GoModules({
      sandbox,
      folder: path.join(home, 'modules'),
      proxy: undefined,
      checksumDatabase: undefined,
      offlinePdk: path.join(home, 'extism'),
    });
    return new GoSeed({ sandbox, folder: path.join(home, 'seeds'), modules, toriiFolder: path.join(home, 'torii') });
  }

  /** What go was told to build so far, each time. */
  async function builds(): Promise<string[]> {
    const text = await readFile(path.join(home, 'built'), 'utf8');
    return text.split('end\n').slice(0, -1);
  }

  async function learnt(seed: GoSeed, packages: readonly string[], generation: number): Promise<void> {
    await eventually(async () => {
      seed.learn(toolchain, packages); // one at a time: it may have had no time for it
      expect(await aSeed().of(toolchain)).toBe(path.join(home, 'seeds', toolchain.version, String(generation), 'cache'));
    });
  }

  it('is made by one of them, and the others wait until it is there', async () => {
    const folders = await Promise.all([aSeed(), aSeed(), aSeed()].map((seed) => seed.of(toolchain)));

    expect(new Set(folders).size).toBe(1);
    expect(await builds()).toHaveLength(1);
    await expect(readFile(path.join(folders[0] ?? '', 'compiled'), 'utf8')).resolves.toBe('');
  });

  it('is the newest for each of them, whoever made it', async () => {
    const [first, second] = [aSeed(), aSeed()];
    await Promise.all([first.of(toolchain), second.of(toolchain)]);

    await learnt(second, ['container/ring'], 2);
    await learnt(second, ['container/list'], 3);

    expect(await first.of(toolchain)).toBe(path.join(home, 'seeds', toolchain.version, '3', 'cache'));
  });

  it('is made again by the next when the one that made it failed', async () => {
    const program = await readFile(toolchain.go, 'utf8');
    await writeFile(toolchain.go, '#!/bin/sh\necho broken >&2\nexit 1\n');
    await expect(aSeed().of(toolchain)).rejects.toThrow(/cannot compile its own library.*broken/s);

    await writeFile(toolchain.go, program);

    await expect(aSeed().of(toolchain)).resolves.toContain(toolchain.version);
  });

  it('cannot be made in what is no folder, and then says which setting to change', async () => {
    await writeFile(path.join(home, 'seeds'), '');

    await expect(aSeed().of(toolchain)).rejects.toThrow(/seeds.* cannot be locked: set TORII_BUILD_GO_SEEDS to a folder/);
  });

  it('is used without the list of its packages, which a machine that went down has left empty', async () => {
    const seed = aSeed();
    const first = path.dirname(await seed.of(toolchain));
    await writeFile(path.join(first, 'packages.json'), '');

    expect(await seed.of(toolchain)).toBe(path.join(first, 'cache'));
    await learnt(seed, ['container/ring'], 2);
  });

  it('takes the place of all before the last, those too that a killed builder did not come to remove', async () => {
    const seed = aSeed();
    const folder = path.dirname(path.dirname(await seed.of(toolchain)));
    const generations = async (): Promise<string[]> => (await readdir(folder)).filter((name) => /^\d+$/.test(name)).sort();
    await learnt(seed, ['container/ring'], 2);
    await learnt(seed, ['container/list'], 3);
    await eventually(async () => expect(await generations()).toEqual(['2', '3']));
    await mkdir(path.join(folder, '1', 'cache'), { recursive: true });

    await learnt(seed, ['container/heap'], 4);

    await eventually(async () => expect(await generations()).toEqual(['3', '4']));
  });

  it('has the modules that builds bring along once, and again when they are other ones', async () => {
    const seed = aSeed();
    await seed.of(toolchain);
    await learnt(seed, ['github.com/extism/go-pdk', 'torii/pluginmap'], 2);
    await learnt(seed, ['github.com/extism/go-pdk', 'torii/pluginmap'], 2);

    await writeFile(path.join(home, 'torii', 'torii.go'), 'package torii // changed\n');
    await learnt(seed, ['torii/pluginmap'], 3);

    const [, second, third, ...others] = await builds();
    expect(others).toEqual([]);
    for (const text of [second, third]) {
      expect(text).toContain('require github.com/extism/go-pdk v1');
      expect(text).toContain(`replace torii => "${path.join(home, 'torii')}"`);
      expect(text).toContain('_ "torii/pluginmap"');
    }
  });
});

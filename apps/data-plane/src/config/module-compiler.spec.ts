import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sha256 } from '@torii/config-sync';
import { AppError, PluginLimits, type Snapshot, type SnapshotPlugin } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { compileWat, eventually, guest } from '@torii/test-kit';
import { RewriteThread } from '@torii/wasm-runtime';
import { ModuleCompiler, type Preparation } from './module-compiler.js';
import { PreparedCache } from './prepared-cache.js';

const log = createLogger({ level: 'silent', app: 'test' });

describe('ModuleCompiler', () => {
  let directory: string;
  let rewriter: RewriteThread;
  let preparations: Preparation[];
  let fetched: string[];
  const artifacts = new Map<string, Uint8Array>();
  /** Artifacts that come only when these resolve. */
  const held = new Map<string, Promise<void>>();
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'torii-prepared-'));
    rewriter = new RewriteThread({ timeoutMs: 30_000 });
    preparations = [];
    fetched = [];
  });
  afterEach(async () => {
    await rewriter.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** As a node that starts: what it knows is on disk. */
  function compiler(aheadMaxBytes = 1024 ** 2): ModuleCompiler {
    return new ModuleCompiler({
      artifacts: {
        get: async (digest) => {
          fetched.push(digest);
          await held.get(digest);
          const bytes = artifacts.get(digest);
          if (bytes === undefined) throw new AppError('config.unknown_artifact', { detail: 'there is no such artifact' });
          return bytes;
        },
      },
      rewriter,
      store: new PreparedCache({ directory, maxBytes: 1024 ** 2, log }),
      aheadMaxBytes,
      onPrepared: (preparation) => preparations.push(preparation),
    });
  }

  function add(bytes: Uint8Array): string {
    const digest = sha256(bytes);
    artifacts.set(digest, bytes);
    return digest;
  }

  it('prepares a module once for all plugins that use it, and not again for the next revision', async () => {
    const digest = add(await guest('hello'));
    const node = compiler();
    const first = await node.compile(aSnapshot([aPlugin('a', digest), aPlugin('b', digest)]));
    const second = await node.compile(aSnapshot([aPlugin('b', digest), aPlugin('c', digest)]));
    expect(fetched).toEqual([digest]);
    expect(new Set([...first.plugins, ...second.plugins].map(({ prepared }) => prepared)).size).toBe(1);
    expect(first.plugins.map(({ plugin }) => plugin.name)).toEqual(['a', 'b']);
    expect(preparations.map(({ isFromDisk }) => isFromDisk)).toEqual([false]);
  });

  it('needs neither the artifact nor the rewriting when the rewritten module is on disk', async () => {
    const digest = add(await guest('hello'));
    const first = await compiler().compile(aSnapshot([aPlugin('a', digest)]));
    artifacts.clear();
    const [again] = (await compiler().compile(aSnapshot([aPlugin('a', digest)]))).plugins;
    expect(again?.prepared.exports).toEqual(first.plugins[0]?.prepared.exports);
    expect(again?.prepared.imports).toEqual(first.plugins[0]?.prepared.imports);
    expect(preparations.map(({ isFromDisk }) => isFromDisk)).toEqual([false, true]);
  });

  it('makes a module again whose file is damaged, or that may have another amount of memory', async () => {
    const digest = add(await guest('hello'));
    await compiler().compile(aSnapshot([aPlugin('a', digest)]));
    const [file = ''] = await readdir(directory);
    await truncate(path.join(directory, file), 100);
    await compiler().compile(aSnapshot([aPlugin('a', digest)]));
    await compiler().compile(aSnapshot([aPlugin('a', digest, { memoryMaxBytes: 131_072 })]));
    expect(preparations.map(({ isFromDisk }) => isFromDisk)).toEqual([false, false, false]);
    expect(await readdir(directory)).toHaveLength(2);
  });

  it('refuses the configuration when one module cannot be prepared, naming its plugin, and takes the next one', async () => {
    const good = add(await guest('hello'));
    const bad = add(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 255]));
    const invalid = add(await compileWat('(module (func (export "run") (result i32) (i32.const 0)))').then((bytes) => bytes.slice(0, -2)));
    const node = compiler();
    for (const digest of [bad, invalid, 'unknown']) {
      const refusal = await node.compile(aSnapshot([aPlugin('good', good), aPlugin('broken', digest)])).catch(AppError.from);
      expect(refusal).toMatchObject({ code: digest === 'unknown' ? 'config.unknown_artifact' : 'config.compile_failed' });
      expect((refusal as AppError).message).toMatch(/^plugin broken version 1: /);
    }
    expect((await node.compile(aSnapshot([aPlugin('good', good)]))).plugins).toHaveLength(1);
  });

  it('compiles as many modules ahead as there is room for, the others when they are called, and has the room back when they are gone', async () => {
    const digests = await Promise.all([1, 2, 3].map(async (answer) => add(await compileWat(answering(answer)))));
    const named = (...names: number[]): Snapshot => aSnapshot(names.map((name) => aPlugin(`plugin-${name}`, digests[name] ?? '')));
    const laziness = async (node: ModuleCompiler, snapshot: Snapshot): Promise<boolean[]> =>
      (await node.compile(snapshot)).plugins.map(({ prepared }) => prepared.isLazy);
    const { rewrittenBytes } = (await compiler().compile(named(0))).plugins[0]?.prepared ?? { rewrittenBytes: 0 };
    expect((await laziness(compiler(2 * rewrittenBytes), named(0, 1, 2))).filter((isLazy) => isLazy)).toHaveLength(1);
    const node = compiler(rewrittenBytes);
    expect(await laziness(node, named(0))).toEqual([false]);
    expect(await laziness(node, named(0, 1))).toEqual([false, true]);
    expect(await laziness(node, named(1))).toEqual([true]);
    expect(await laziness(node, named(1, 2))).toEqual([true, false]);
  });

  it('has the room of a refused configuration for the next one', async () => {
    const [wanted, other] = await Promise.all([1, 2].map(async (answer) => add(await compileWat(answering(answer)))));
    const node = compiler((await compiler().compile(aSnapshot([aPlugin('a', wanted ?? '')]))).plugins[0]?.prepared.rewrittenBytes);
    await expect(node.compile(aSnapshot([aPlugin('other', other ?? ''), aPlugin('missing', 'unknown')]))).rejects.toThrow('plugin missing');
    const { plugins } = await node.compile(aSnapshot([aPlugin('wanted', wanted ?? '')]));
    expect(plugins.map(({ prepared }) => prepared.isLazy)).toEqual([false]);
  });

  it('still counts what a configuration compiles ahead when a draft is done meanwhile', async () => {
    const [draft, saved, slow, next] = await Promise.all([1, 2, 3, 4].map(async (answer) => add(await compileWat(answering(answer)))));
    const { rewrittenBytes } = (await compiler().compile(aSnapshot([aPlugin('a', saved ?? '')]))).plugins[0]?.prepared ?? { rewrittenBytes: 0 };
    const node = compiler(2 * rewrittenBytes);
    let release = (): void => undefined;
    held.set(slow ?? '', new Promise<void>((resolve) => (release = resolve)));
    const compiling = node.compile(aSnapshot([aPlugin('saved', saved ?? ''), aPlugin('slow', slow ?? '')]));
    await eventually(() => expect(preparations.map(({ plugin }) => plugin.name)).toContain('saved'));
    await node.compileBeside([aPlugin('draft', draft ?? '')], new Set());
    release();
    await compiling;
    const { plugins } = await node.compile(aSnapshot([aPlugin('saved', saved ?? ''), aPlugin('slow', slow ?? ''), aPlugin('next', next ?? '')]));
    expect(plugins.map(({ prepared }) => prepared.isLazy)).toEqual([false, false, true]);
  });

  it('prepares many modules side by side and answers them in the order of the configuration', async () => {
    const bytes = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        compileWat(`(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const ${index})))`),
      ),
    );
    const { plugins } = await compiler().compile(aSnapshot(bytes.map((module, index) => aPlugin(`plugin-${index}`, add(module)))));
    expect(plugins.map(({ plugin }) => plugin.name)).toEqual(bytes.map((_, index) => `plugin-${index}`));
    expect(new Set(plugins.map(({ prepared }) => prepared)).size).toBe(12);
  });
});

function answering(answer: number): string {
  return `(module (func (export "run") (result i32) (i32.const ${answer})))`;
}

function aPlugin(name: string, digest: string, limits: Partial<PluginLimits> = {}): SnapshotPlugin {
  return {
    id: `pl_${name}` as SnapshotPlugin['id'],
    name,
    workspace: 'default',
    version: 1,
    kind: 'backend',
    sha256: digest,
    functionName: 'run',
    wasi: false,
    allowedHosts: [],
    allowPrivate: false,
    grants: [],
    mapStore: 'memory',
    isolation: 'reuse',
    config: {},
    limits: PluginLimits.parse(limits),
  };
}

function aSnapshot(plugins: SnapshotPlugin[]): Snapshot {
  return { schemaVersion: 1, incarnation: '00000000-0000-4000-8000-000000000000', revision: 1, hash: '0'.repeat(64), plugins, routes: [] };
}

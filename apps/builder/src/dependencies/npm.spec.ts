import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRegistry, type TestRegistry } from '../../test/a-registry.js';
import { createSandbox, type Sandbox } from '../sandbox/sandbox.js';
import { NpmDependencies, type NpmDependenciesOptions, type NpmLimits } from './npm.js';

let folder: string;
let registry: TestRegistry;
/** Where there is one. Only some tests are about it, and it takes npm half as long again. */
let confined: Sandbox;
let unconfined: Sandbox;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'torii-npm-'));
  const { PATH: searchPath = '' } = process.env;
  [confined, unconfined] = [
    createSandbox({ mode: 'auto', searchPath, scratch: path.join(folder, 'sandbox') }),
    createSandbox({ mode: 'none', searchPath, scratch: folder }),
  ];
  const marker = path.join(folder, 'script-ran');
  const script = `node -e "require('fs').writeFileSync(${JSON.stringify(marker).replaceAll('"', "'")}, '')"`;
  registry = await startRegistry([
    { name: 'adds', version: '1.0.0', entries: [{ name: 'package/index.js', content: 'exports.version = 1' }] },
    { name: 'adds', version: '1.2.0', entries: [{ name: 'package/index.js', content: 'exports.version = 12' }] },
    {
      name: '@scope/uses',
      version: '0.1.0',
      manifest: { dependencies: { adds: '~1.0.0' } },
      entries: [{ name: 'package/index.js', content: "module.exports = require('adds')" }],
    },
    {
      name: 'runs-scripts',
      version: '1.0.0',
      manifest: { scripts: { preinstall: script, install: script, postinstall: script, prepare: script } },
      entries: [{ name: 'package/index.js', content: '' }],
    },
    {
      name: 'escapes',
      version: '1.0.0',
      entries: [
        { name: 'package/../../../escaped.txt', content: 'outside' },
        { name: path.join(folder, 'absolute.txt'), content: 'outside' },
        { name: 'package/link', linkTo: '/etc/passwd' },
        { name: 'package/folder', linkTo: '../../../..' },
        { name: 'package/folder/through.txt', content: 'outside' },
        { name: 'package/index.js', content: '' },
      ],
    },
    { name: 'is-huge', version: '1.0.0', entries: [{ name: 'package/index.js', content: Buffer.alloc(8 * 1024 * 1024) }] },
    { name: 'is-elsewhere', version: '1.0.0', tarballUrl: 'http://127.0.0.1:1/x.tgz', entries: [] },
    { name: 'uses-git', version: '1.0.0', manifest: { dependencies: { x: 'git+ssh://git@127.0.0.1:1/x.git' } }, entries: [] },
    {
      name: 'uses-file',
      version: '1.0.0',
      manifest: { dependencies: { x: `file:${folder}` } },
      entries: [{ name: 'package/index.js', content: '' }],
    },
    { name: 'takes-bin', version: '1.0.0', manifest: { bin: { node: 'index.js' } }, entries: [{ name: 'package/index.js', content: '' }] },
  ]);
});
afterAll(async () => {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

let used = 0;

function newDependencies(
  limits: Partial<NpmLimits> = {},
  options: Partial<Pick<NpmDependenciesOptions, 'registry' | 'searchPath' | 'sandbox'>> = {},
): NpmDependencies {
  used += 1;
  const { PATH: searchPath = '' } = process.env;
  return new NpmDependencies({
    sandbox: unconfined,
    folder: path.join(folder, `builder-${used}`),
    searchPath,
    registry: registry.url,
    limits,
    ...options,
  });
}

interface Install {
  readonly files?: Readonly<Record<string, string>>;
  readonly dependencies?: NpmDependencies;
  readonly signal?: AbortSignal;
}

/** What `look` makes of the folder that a function with these dependencies is given. */
async function install<Result>(
  wanted: Readonly<Record<string, unknown>>,
  look: (nodeModules: string) => Result,
  { files = {}, dependencies = newDependencies(), signal = new AbortController().signal }: Install = {},
): Promise<Result> {
  const all = { 'package.json': JSON.stringify({ dependencies: wanted }), ...files };
  const sources = new Map(Object.entries(all).map(([name, content]): [string, Uint8Array] => [name, Buffer.from(content)]));
  const context = { signal, log: () => undefined, stage: () => undefined };
  return dependencies.with(sources, context, async (nodeModules) => look(nodeModules ?? 'nothing was installed'));
}

const read = (file: string) => (nodeModules: string) => readFileSync(path.join(nodeModules, file), 'utf8');

describe('dependencies of package.json', () => {
  it('are installed, with those that they have, by ranges, tags and names', async () => {
    const look = (nodeModules: string): unknown => [
      read('adds/index.js')(nodeModules),
      read('@scope/uses/node_modules/adds/index.js')(nodeModules),
      read('other/index.js')(nodeModules),
    ];
    expect(await install({ adds: '^1.0.0', '@scope/uses': 'latest', other: 'npm:adds@1.0.0' }, look)).toEqual([
      'exports.version = 12',
      'exports.version = 1',
      'exports.version = 1',
    ]);
  });

  it('are nothing to do where there are none, or none but for development', async () => {
    expect(await install({}, (folder) => folder)).toBe('nothing was installed');
    const files = { 'package.json': '{"devDependencies":{"none":"1.0.0"},"optionalDependencies":{"none":"1.0.0"}}' };
    expect(await install({}, (folder) => folder, { files })).toBe('nothing was installed');
    expect(await install({ '@torii/pdk': '*' }, (folder) => folder)).toBe('nothing was installed');
  });

  it('are there at once for the next build that asks for the same', async () => {
    const dependencies = newDependencies({}, { sandbox: confined });
    const first = await install({ adds: '1.2.0' }, (folder) => folder, { dependencies });
    const { length } = registry.requests;
    expect(await install({ adds: '1.2.0' }, (folder) => folder, { dependencies })).toBe(first);
    expect(registry.requests.length).toBe(length);
  });

  it('are asked for again when they are no longer fresh, unless a lockfile says which they are', async () => {
    const dependencies = newDependencies({ freshMs: 0 });
    await install({ adds: '1.2.0' }, () => undefined, { dependencies });
    const { length } = registry.requests;
    await install({ adds: '1.2.0' }, read('adds/index.js'), { dependencies });
    expect(registry.requests.length).toBeGreaterThan(length);
  });

  it('are those of package-lock.json where there is one', async () => {
    const locked = {
      '': { dependencies: { adds: '^1.0.0' } },
      'node_modules/adds': { version: '1.0.0', resolved: `${registry.url}adds/-/adds-1.0.0.tgz` },
    };
    const files = { 'package-lock.json': JSON.stringify({ name: 'function', lockfileVersion: 3, packages: locked }) };
    expect(await install({ adds: '^1.0.0' }, read('adds/index.js'), { files })).toBe('exports.version = 1');
  });

  it('are given up, oldest first, when they take more room than there is', async () => {
    const dependencies = newDependencies({ folderMaxBytes: 1 });
    const first = await install({ adds: '1.0.0' }, (folder) => folder, { dependencies });
    const second = await install({ adds: '1.2.0' }, (folder) => folder, { dependencies });
    expect([existsSync(first), existsSync(second)]).toEqual([false, true]);
  });
});

describe('dependencies that are refused', () => {
  it.each([
    ['git+https://example.com/x.git'],
    ['github:owner/x'],
    ['owner/x'],
    ['file:../x'],
    ['link:../x'],
    ['workspace:*'],
    ['http://example.com/x.tgz'],
    ['https://example.com/x.tgz'],
    ['npm:x@https://example.com/x.tgz'],
    ['/etc'],
    [7],
  ])('come from anywhere but the registry: %s', async (spec) => {
    await expect(install({ evil: spec }, () => undefined)).rejects.toMatchObject({
      code: 'build.dependencies_failed',
      message: expect.stringMatching(/^The dependency "evil" is ".*": builds take packages of the registry only/),
    });
  });

  it.each([
    ['package.json', '{"dependencies":', 'package.json is not JSON'],
    ['package.json', '{"dependencies":[]}', 'must be an object'],
    ['package.json', '{"dependencies":{"../x":"1"}}', 'is not the name of a package'],
    ['package-lock.json', '{"lockfileVersion":1}', 'has no "packages"'],
    ['package-lock.json', '{"packages":{"../x":{}}}', 'has a package at "../x"'],
    ['package-lock.json', '{"packages":{"node_modules/x":{"link":true,"resolved":"../x"}}}', 'takes "node_modules/x" from "../x"'],
    ['package-lock.json', '{"packages":{"node_modules/x":{"resolved":"git+ssh://x/y"}}}', 'registry only'],
  ])('are asked for by a bad %s: %s', async (name, content, message) => {
    await expect(install({ adds: '1.0.0' }, () => undefined, { files: { [name]: content } })).rejects.toMatchObject({
      code: 'build.dependencies_failed',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['no-such-package', '1.0.0', /not in the registry/],
    ['adds', '^7.0.0', /No version of a dependency/],
    ['is-elsewhere', '1.0.0', /is at http:\/\/127\.0\.0\.1:1\/x\.tgz: builds fetch packages from .* only/],
    ['uses-git', '1.0.0', /npm could not install/],
  ])('cannot be had: %s %s', async (name, spec, message) => {
    const dependencies = newDependencies({}, { sandbox: confined });
    await expect(install({ [name]: spec }, () => undefined, { dependencies })).rejects.toMatchObject({
      code: 'build.dependencies_failed',
      message: expect.stringMatching(message),
    });
  });

  it('are asked of a registry that is away', async () => {
    const dependencies = newDependencies({ retryAfterMs: 10 }, { registry: 'http://127.0.0.1:1/' });
    await expect(install({ adds: '1.0.0' }, () => undefined, { dependencies })).rejects.toMatchObject({
      code: 'build.dependencies_failed',
      message: expect.stringMatching(/^The registry .* cannot be reached from the builder/),
    });
  });

  it('are asked for where there is no npm', async () => {
    const dependencies = newDependencies({}, { searchPath: '/nonexistent' });
    await expect(install({ adds: '1.0.0' }, () => undefined, { dependencies })).rejects.toMatchObject({
      code: 'build.dependencies_failed',
      message: expect.stringContaining('There is no npm on the builder'),
    });
  });

  it('are larger than they may be', async () => {
    const dependencies = newDependencies({ installMaxBytes: 1024 * 1024 });
    await expect(install({ 'is-huge': '1.0.0' }, () => undefined, { dependencies })).rejects.toMatchObject({
      code: expect.stringMatching(/^build\.(too_large|dependencies_failed)$/),
    });
  });

  it('take longer than they may', async () => {
    const silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const dependencies = newDependencies({ installMs: 20 }, { registry: `http://127.0.0.1:${port}/` });
    await expect(install({ adds: '1.0.0' }, () => undefined, { dependencies })).rejects.toMatchObject({
      message: expect.stringContaining('took longer than'),
    });
    silent.close();
  });

  it('are left when the build is cancelled, and leave nothing', async () => {
    const dependencies = newDependencies();
    const reason = new Error('cancelled');
    const promise = install({ adds: '1.0.0' }, () => undefined, { dependencies, signal: AbortSignal.abort(reason) });
    await expect(promise).rejects.toBe(reason);
    expect(readdirSync(path.join(dependencies.folder, 'work'))).toEqual([]);
  });
});

describe('a hostile package', () => {
  it('runs no script', async () => {
    await install(
      { 'runs-scripts': '1.0.0', 'takes-bin': '1.0.0' },
      (nodeModules) => {
        expect(existsSync(path.join(nodeModules, 'runs-scripts', 'index.js'))).toBe(true);
        expect(existsSync(path.join(nodeModules, '.bin'))).toBe(false);
      },
      { dependencies: newDependencies({}, { sandbox: confined }) },
    );
    expect(existsSync(path.join(folder, 'script-ran'))).toBe(false);
  });

  it('writes and links nothing outside of its folder', async () => {
    const outside = await install(
      { escapes: '1.0.0' },
      (nodeModules) => {
        expect(readdirSync(path.join(nodeModules, 'escapes')).filter((name) => name === 'link' || name === 'folder').length).toBeLessThanOrEqual(1);
        expect(existsSync(path.join(nodeModules, 'escapes', 'link'))).toBe(false);
        return path.dirname(path.dirname(nodeModules));
      },
      { dependencies: newDependencies({}, { sandbox: confined }) },
    ).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'build.dependencies_failed' });
      return folder;
    });
    const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /escaped\.txt|absolute\.txt|through\.txt/.test(name));
    // What a tarball says is at the root of the machine is unpacked within its own folder.
    expect(found.filter((name) => !name.includes(path.join('node_modules', 'escapes')))).toEqual([]);
    expect(outside).toContain(folder);
  });
});

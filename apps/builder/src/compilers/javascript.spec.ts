import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeModule } from '@torii/wasm-binary';
import { startRegistry, type TestRegistry } from '../../test/a-registry.js';
import { NpmDependencies } from '../dependencies/npm.js';
import { createSandbox } from '../sandbox/sandbox.js';
import type { CompileContext, CompileResult } from './compiler.js';
import { createJavaScriptCompilers, type JavaScriptCompilers } from './javascript.js';

let folder: string;
let registry: TestRegistry;
let compilers: JavaScriptCompilers;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'torii-javascript-'));
  const content =
    "if (typeof process !== 'undefined') throw new Error('not here');\nexport const half = (n) => { if (n % 2) throw new RangeError('odd'); return n / 2 }";
  registry = await startRegistry([
    { name: 'halves', version: '2.0.0', manifest: { module: 'index.mjs' }, entries: [{ name: 'package/index.mjs', content }] },
    { name: 'wants-node', version: '1.0.0', entries: [{ name: 'package/index.js', content: "module.exports = require('fs')" }] },
  ]);
  const { PATH: searchPath = '' } = process.env;
  const sandbox = createSandbox({ mode: 'auto', searchPath, scratch: path.join(folder, 'sandbox') });
  const dependencies = new NpmDependencies({ sandbox, folder: path.join(folder, 'npm'), searchPath, registry: registry.url });
  compilers = createJavaScriptCompilers({ dependencies });
});
afterAll(async () => {
  await Promise.all([compilers.close(), registry.close()]);
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly stages: string[];
  text: string;
}

function contextOf(said: Said, limits: Partial<CompileContext['limits']>, signal: AbortSignal): CompileContext {
  return {
    signal,
    limits: { memoryMaxBytes: 512 * 1024 * 1024, outputMaxBytes: 32 * 1024 * 1024, ...limits },
    folder: () => Promise.reject(new Error('not needed')),
    stage: (stage) => void said.stages.push(stage),
    log: (_stream, text) => {
      said.text += text;
    },
  };
}

interface Options {
  readonly said?: Said;
  readonly limits?: Partial<CompileContext['limits']>;
  readonly signal?: AbortSignal;
}

function build(
  sources: Readonly<Record<string, string>>,
  { said = { stages: [], text: '' }, limits = {}, signal = new AbortController().signal }: Options = {},
): Promise<CompileResult> {
  const files = new Map(Object.entries(sources).map(([name, text]): [string, Uint8Array] => [name, Buffer.from(text)]));
  const [entry = ''] = Object.keys(sources);
  const compiler = entry.endsWith('.ts') ? compilers.typescript : compilers.javascript;
  return compiler.compile({ files, entry, functionNames: ['run'], name: 'test' }, contextOf(said, limits, signal));
}

const simple = { 'index.js': 'export function run() { return "hi" }' };

describe('the compilers of JavaScript and TypeScript', () => {
  it('say what they are made of', async () => {
    const toolchain = { esbuild: expect.any(String), 'quickjs-wasi': expect.any(String), 'torii-js': expect.any(String) };
    expect(await compilers.javascript.detect()).toEqual({ name: 'javascript', available: true, toolchain });
    expect(await compilers.typescript.detect()).toEqual({ name: 'typescript', available: true, toolchain });
  });

  it('build, one and many at a time, the same bytes', async () => {
    const said: Said = { stages: [], text: '' };
    const { wasm, warnings } = await build({ 'index.ts': 'console.log("building"); export function run(): string { return "hi" }' }, { said });
    expect(describeModule(wasm).exports.map(({ name }) => name)).toEqual(['memory', 'run']);
    expect([warnings, said]).toEqual([[], { stages: ['compiling'], text: 'building\n' }]);
    const [first, ...others] = await Promise.all([build(simple), build(simple), build(simple)]);
    for (const other of others) expect(Buffer.compare(first?.wasm ?? Buffer.alloc(0), other.wasm)).toBe(0);
  });

  it('build with the packages that package.json names', async () => {
    const sources = {
      'index.ts': "import { half } from 'halves';\nif (half(4) !== 2) throw new Error('wrong');\nexport const run = () => half(3)",
      'package.json': '{"dependencies":{"halves":"^2.0.0"}}',
    };
    const said: Said = { stages: [], text: '' };
    const { wasm } = await build(sources, { said });
    expect(describeModule(wasm).exports.map(({ name }) => name)).toContain('run');
    expect(said.stages).toEqual(['dependencies', 'compiling']);
  });

  it('refuse packages that need Node, with the place', async () => {
    const sources = { 'index.js': "import 'wants-node'; export function run() {}", 'package.json': '{"dependencies":{"wants-node":"1"}}' };
    await expect(build(sources)).rejects.toMatchObject({
      code: 'build.compile_failed',
      message:
        'node_modules/wants-node/index.js:1:26: "fs" is a module of Node.js, which functions do not run on: use fetch, Host, Config, Var, crypto, TextEncoder and the like',
    });
  });

  it('fail with what the author can act on', async () => {
    await expect(build({ 'index.js': 'export function run( {}' })).rejects.toMatchObject({
      code: 'build.compile_failed',
      message: expect.stringMatching(/^index\.js:1:\d+: /),
    });
    await expect(build({ 'index.js': 'export function other() {}' })).rejects.toMatchObject({ code: 'build.missing_entry' });
    await expect(build(simple, { limits: { outputMaxBytes: 100_000 } })).rejects.toMatchObject({ code: 'build.too_large' });
  });

  it('end when they are told to, in the middle of anything, and build again', async () => {
    const ending = new AbortController();
    const building = build({ 'index.js': 'for (;;) ;' }, { signal: ending.signal });
    const reason = new Error('cancelled');
    setTimeout(() => ending.abort(reason), 300);
    await expect(building).rejects.toBe(reason);
    expect((await build(simple)).wasm.length).toBeGreaterThan(0);
  });

  it('bound what bundling takes, and build again', async () => {
    const nested = { 'index.js': `export const run = () => ${'['.repeat(400_000)}${']'.repeat(400_000)}` };
    await expect(build(nested, { limits: { memoryMaxBytes: 256 * 1024 * 1024 } })).rejects.toMatchObject({
      code: expect.stringMatching(/^build\.(memory_exceeded|compile_failed)$/),
    });
    expect((await build(simple)).wasm.length).toBeGreaterThan(0);
  });
});

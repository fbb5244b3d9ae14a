import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { type Compiled, compileWith, type TestCompile } from '../../test/a-compile.js';
import { NpmDependencies } from '../dependencies/npm.js';
import { createSandbox } from '../sandbox/sandbox.js';
import { AssemblyScriptCompiler } from './assemblyscript.js';
import { createJavaScriptCompilers } from './javascript.js';

const MiB = 1024 * 1024;
const execute = 'export function execute(): i32 { return 0; }';

describe('a source in AssemblyScript that is up to no good', () => {
  const compiler = new AssemblyScriptCompiler({ idleMax: 1 });
  afterAll(() => compiler.close());
  const compile = (files: string | Readonly<Record<string, string>>, options: TestCompile = {}): Promise<Compiled> =>
    compileWith(compiler, files, options);

  it.each([
    ['parentheses', `export function execute(): i32 { return ${'('.repeat(100_000)}1${')'.repeat(100_000)}; }`],
    ['blocks', `export function execute(): i32 { ${'{'.repeat(100_000)}${'}'.repeat(100_000)} return 0; }`],
    ['templates', `export function execute(): i32 { return \`${'${`'.repeat(20_000)}${'`}'.repeat(20_000)}\`.length; }`],
    ['sums', `export function execute(): i32 { return ${'1+'.repeat(200_000)}1; }`],
    [
      'types that grow with each use',
      'class A<T> { f(): void { new A<A<T>>().f(); } } export function execute(): i32 { new A<i32>().f(); return 0; }',
    ],
    [
      'classes of JSON that refer to each other',
      'import { JSON } from "json-as"; @json class A extends B {} @json class B extends A {} export function execute(): i32 { return JSON.stringify(new A()).length; }',
    ],
  ])('is refused for what is nested without end: %s', async (_, source) => {
    await expect(compile(source)).rejects.toMatchObject({
      code: 'build.compile_failed',
      message: expect.stringMatching(/nested too deeply|refers to itself/),
    });
  });

  it.each([
    ['aliases that are each other', 'type A = B;\ntype B = A;\nexport function execute(): i32 { let a: A = 0; return 0; }', 1],
    ['classes that extend each other', `class A extends B {}\nclass B extends A {}\nexport function execute(): i32 { new A(); return 0; }`, 1],
    [
      'a type that there is none of, in code that was generated for a class',
      'import { JSON } from "json-as";\n@json class A {\n  b: Nope = 0;\n}\nexport function execute(): i32 { return JSON.stringify(new A()).length; }',
      3,
    ],
    ['1 MiB of garbage', '\0%^&*(\n'.repeat(MiB / 7), 1],
    [
      'decorators that there are none of',
      `\n@evil("${'x'.repeat(1_000)}")\nclass A {}\nexport function execute(): i32 { return new A().toString(); }`,
      4,
    ],
  ])('is told the place: %s', async (_, source, line) => {
    await expect(compile(source)).rejects.toMatchObject({
      code: 'build.compile_failed',
      message: expect.stringMatching(/^index\.ts:\d+:\d+: /),
      diagnostics: expect.arrayContaining([expect.objectContaining({ severity: 'error', file: 'index.ts', line })]),
    });
  });

  it('may not use more memory than it is given, neither for types without end nor for data', async () => {
    const types =
      'class A<T, U> { f(): void { new A<A<T, U>, A<U, T>>().f(); new A<A<U, T>, A<T, T>>().f(); } }\nexport function execute(): i32 { new A<i32, i64>().f(); return 0; }';
    const data = 'const a = memory.data(1000000000); export function execute(): i32 { return <i32>a; }';
    for (const source of [types, data]) {
      await expect(compile(source, { limits: { memoryMaxBytes: 400 * MiB } })).rejects.toMatchObject({ code: 'build.memory_exceeded' });
    }
  });

  it('may not make a larger module than builds may', async () => {
    const numbers = Array.from({ length: 20_000 }, (_, index) => index).join(',');
    const source = `const numbers: StaticArray<i32> = [${numbers}];\nexport function execute(): i32 { return numbers[<i32>(Math.random() * 20000)]; }`;
    await expect(compile(source, { limits: { outputMaxBytes: 10_000 } })).rejects.toMatchObject({ code: 'build.too_large' });
  });

  it('ends when its build does, with the reason of that, and leaves no process behind', async () => {
    const reason = new Error('the deadline has passed');
    const ending = new AbortController();
    const compiling = compile('x '.repeat(MiB), { signal: ending.signal });
    setTimeout(() => ending.abort(reason), 500);
    await expect(compiling).rejects.toBe(reason);
    expect((await compile(execute)).wasm.length).toBeGreaterThan(8);
    await compiler.close();
    await eventually(() => expect(process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap')).toEqual([]));
  });
});

describe('a source in JavaScript that is up to no good', () => {
  const folder = path.join(tmpdir(), 'torii-never-made');
  const sandbox = createSandbox({ mode: 'auto', searchPath: '', scratch: folder });
  const dependencies = new NpmDependencies({ sandbox, folder, searchPath: '', registry: 'http://127.0.0.1:1/' });
  const compilers = createJavaScriptCompilers({ dependencies });
  afterAll(() => compilers.close());

  it('is told when its top level runs for longer than builds allow', async () => {
    const built = compileWith(compilers.javascript, 'for (;;) ;', { entry: 'index.js', functionNames: ['run'] });
    await expect(built).rejects.toMatchObject({ code: 'build.deadline_exceeded' });
  }, 60_000);
});

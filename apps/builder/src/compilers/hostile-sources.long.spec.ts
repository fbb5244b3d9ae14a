import { afterAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { type Compiled, compileWith, type TestCompile } from '../../test/a-compile.js';
import { AssemblyScriptCompiler } from './assemblyscript.js';

const MiB = 1024 * 1024;
const execute = 'export function execute(): i32 { return 0; }';
const hiddenFile = '~lib/@torii/pdk/../../../../etc/passwd';

describe('a source in AssemblyScript that is up to no good', () => {
  const compiler = new AssemblyScriptCompiler({ idleMax: 1 });
  afterAll(() => compiler.close());
  const compile = (files: string | Readonly<Record<string, string>>, options: TestCompile = {}): Promise<Compiled> =>
    compileWith(compiler, files, options);

  it.each([
    ['an absolute path', 'import "/etc/passwd";', 8],
    ['a path that climbs', 'import * as passwd from "../../../../../../etc/passwd";', 25],
    ['a path behind a package', `import { x } from "${hiddenFile}";`, undefined],
    ['a package that is installed here for other reasons', 'import { Node } from "assemblyscript/dist/assemblyscript";', 22],
    ['the code of the transform', 'import { x } from "json-as/transform/lib/index";', 19],
    ['a URL', 'import { x } from "https://example.com/evil";', 19],
  ])('reads nothing of the host: %s', async (_, statement, column) => {
    await expect(compile(`${statement}\n${execute}`)).rejects.toMatchObject({
      code: 'build.compile_failed',
      message: expect.stringContaining('Functions can import their own files'),
      diagnostics: [
        expect.objectContaining({
          message: expect.stringMatching(/not found/),
          ...(column === undefined ? {} : { file: 'index.ts', line: 1, column }),
        }),
      ],
    });
  });

  it('runs nothing that a configuration or a transform of its own names', async () => {
    const evil = 'throw new Error("this ran"); export default class Evil {}';
    const { log } = await compile({
      'index.ts': `// @transform ./evil\n${execute}`,
      'asconfig.json': JSON.stringify({ options: { transform: ['./evil.js'], outFile: '/tmp/stolen.wasm' }, entries: ['evil.ts'] }),
      'evil.js': evil,
      'evil.ts': evil,
      'node_modules/json-as/assembly/index.ts': evil,
    });
    expect(log).toBe('');
  });

  it('gives the compiler no options by the name of its entry, and so no code to run', async () => {
    const configured = JSON.stringify({ entries: ['index.ts'], options: { transform: ['./evil.js'], outFile: 'stolen.wasm' } });
    const files = { 'a.ts': configured, 'index.ts': execute, 'evil.js': 'throw new Error("this ran")' };
    for (const entry of ['--config=a.ts', '--version.ts', '-O.ts']) {
      const { wasm } = await compile({ ...files, [entry]: 'export function own(): i32 { return 0; }' }, { entry, functionNames: ['own'] });
      expect(Buffer.from(wasm).includes('own')).toBe(true);
    }
  });

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

import { afterAll, describe, expect, it } from '@jest/globals';
import { describeModule } from '@torii/wasm-binary';
import { closeAll, compile, failureOf } from '../test/a-function.js';

afterAll(closeAll);

async function importsOf(source: string): Promise<string[]> {
  const { wasm } = await compile(source);
  return describeModule(wasm).imports.map(({ module, name }) => `${module} ${name}`);
}

describe('compiling JavaScript', () => {
  it('makes the same bytes of the same source, whatever it does with time and randomness', async () => {
    const source = `
      const started = Date.now(), luck = Math.random(), id = crypto.randomUUID(), seen = new Map([[{}, performance.now()]]);
      export function run() { return { started, luck, id, size: seen.size } }`;
    const [first, second] = [await compile(source), await compile(source)];
    expect(Buffer.compare(first.wasm, second.wasm)).toBe(0);
  });

  it('exports the functions of the source, and a memory without a maximum', async () => {
    const { wasm, exports } = await compile('export function a() {}\nexport const b = async () => {}, c = 1\nexport class D {}');
    expect(exports).toEqual(['a', 'b']);
    const exported = describeModule(wasm).exports;
    expect(exported.map(({ name }) => name).sort()).toEqual(['a', 'b', 'memory']);
    expect(exported.find(({ name }) => name === 'a')).toMatchObject({ kind: 'function', params: [], results: ['i32'] });
  });

  it.each([
    ['ES modules', 'export function execute() {}', ['execute']],
    ['CommonJS', 'function execute() {}\nmodule.exports = { execute }', ['execute']],
    ['CommonJS one by one', 'exports.first = () => 1; exports.second = () => 2', ['first', 'second']],
    ['a function as the module', 'module.exports = function execute() {}', ['execute']],
    ['a default export', 'export default { execute() {} }', ['execute']],
    ['a default function', 'export default function () {}', ['default']],
  ])('takes exports of %s', async (_name, source, exports) => {
    expect((await compile({ 'index.js': source })).exports).toEqual(exports);
  });

  it("takes Wasmo's own templates as they are", async () => {
    const others = {
      'esbuild.js': "require('esbuild').build({ entryPoints: ['index.js'], bundle: true })",
      'plugin.d.ts': "declare module 'main' { export function execute(): I32; }",
      'package.json': '{"name":"x","version":"1.0.0","devDependencies":{"esbuild":"^0.17.9"}}',
    };
    const js = 'function execute() {\n  const name = Host.inputString();\n  Host.outputString("Hello, " + name);\n}\nmodule.exports = { execute };';
    const ts = 'export function execute() {\n  const name = Host.inputString();\n  Host.outputString("Hello, " + name);\n  return 0;\n}';
    expect((await compile({ 'index.js': js, ...others })).exports).toEqual(['execute']);
    expect((await compile({ 'index.ts': ts, ...others })).exports).toEqual(['execute']);
  });

  it('imports the host functions that the source names, and what waits only when it is used', async () => {
    const none = await importsOf('export function run() { return "x" }');
    expect(none.filter((name) => /user|http|poll|log|config|var_|build/.test(name))).toEqual([]);
    const some = await importsOf(`
      const { proxy_log } = Host.getFunctions();
      // Not proxy_state: a comment uses nothing.
      export function run() { proxy_log(1, 2, 3); Config.get('a'); return Host.getFunctions().proxy_plugin_map_get(0, 0) }
      export function unused() { setTimeout(() => {}, 1) }`);
    expect(some.filter((name) => /user|http|poll|log|config|var_|build/.test(name))).toEqual([
      'wasi_snapshot_preview1 poll_oneoff',
      'extism:host/env config_get',
      'extism:host/user proxy_log',
      'extism:host/user proxy_plugin_map_get',
    ]);
  });

  it('bundles files of any folder, JSON, texts and bytes', async () => {
    const { exports } = await compile({
      'src/main.ts': `
        import { add } from './lib/math.js';
        import config from '../config.json';
        import text from '../notes.txt';
        import bytes from '../data.bin';
        import { up } from '.';
        if (add(config.two, 2) !== 4 || text !== 'hello' || bytes.length !== 3 || bytes[2] !== 255 || up !== 1) throw new Error('wrong');
        export function run() {}`,
      'src/lib/math.ts': 'export const add = (a: number, b: number): number => a + b',
      'src/index.ts': 'export const up = 1',
      'config.json': '{"two":2}',
      'notes.txt': 'hello',
      'data.bin': new Uint8Array([1, 2, 255]),
    });
    expect(exports).toEqual(['run']);
  });

  it('takes TypeScript, JSX by the options of tsconfig.json, and what is newer than the engine', async () => {
    const { exports } = await compile({
      'index.tsx': `
        function h(tag: string, _props: unknown, ...children: string[]) { return '<' + tag + '>' + children.join('') }
        enum Colour { Red = 'red' }
        class Counter { accessor count = 0; static made = 0; static { Counter.made = 1 } #hidden = 2; get hidden() { return this.#hidden } }
        if (<p>{Colour.Red}</p> as unknown as string !== '<p>red' || new Counter().hidden !== 2 || Counter.made !== 1) throw new Error('wrong');
        export function run() {}`,
      'tsconfig.json': '{"compilerOptions":{"jsx":"react","jsxFactory":"h","paths":{"*":["/etc/*"]},"baseUrl":"/"}}',
    });
    expect(exports).toEqual(['run']);
  });

  it('reads a tsconfig.json with comments and trailing commas, and warns of one that it cannot read', async () => {
    const source = `
      const replace = (_target: unknown, _key: string, property: PropertyDescriptor) => { property.value = () => 'replaced // not a comment' };
      class A { @replace text() { return '' } }
      if (new A().text() !== 'replaced // not a comment') throw new Error('wrong');
      export function run() {}`;
    const tsconfig =
      '\ufeff{\n  // https://aka.ms/tsconfig\n  "compilerOptions": { "jsxFactory": "h", /* old ones */ "experimentalDecorators": true, },\n}';
    expect((await compile({ 'index.ts': source, 'tsconfig.json': tsconfig })).warnings).toEqual([]);
    expect((await compile({ 'index.ts': 'export function run() {}', 'tsconfig.json': '{"compilerOptions":' })).warnings).toEqual([
      { severity: 'warning', file: 'tsconfig.json', message: expect.stringContaining('it is left aside') },
    ]);
  });

  it('finds its files by the paths of tsconfig.json, the most exact first', async () => {
    const { exports } = await compile({
      'src/index.ts': `
        import { a } from '@/lib/a';
        import { b } from '#b';
        import { c } from '@/special/c.js';
        import { d } from 'src/lib/d';
        if (a + b + c + d !== 'abcd') throw new Error(a + b + c + d);
        export function run() {}`,
      'src/lib/a.ts': "export const a = 'a'",
      'src/lib/b/index.ts': "export const b = 'b'",
      'special/c.ts': "export const c = 'c'",
      'src/special/c.ts': "export const c = 'wrong'",
      'src/lib/d.ts': "export const d = 'd'",
      'tsconfig.json': '{"compilerOptions":{"baseUrl":".","paths":{"@/*":["nowhere/*","./src/*"],"#b":["src/lib/b"],"@/special/*":["special/*"]}}}',
    });
    expect(exports).toEqual(['run']);
  });

  it('keeps what the top level prints for the log of the build', async () => {
    const { log } = await compile('console.log("%s is", "pi", Math.PI.toFixed(2), { deep: [1] }); export function run() {}');
    expect(log).toBe('pi is 3.14 { deep: [1] }\n');
  });
});

describe('what cannot be compiled', () => {
  it('is a syntax error with its file, line and column, counted in characters', async () => {
    const error = await failureOf({
      'index.ts': "import './other.js'; export function run() {}",
      'other.ts': 'const a = 1;\nconst ü = "€", b = = 2;',
    });
    expect(error.code).toBe('build.compile_failed');
    expect(error.message).toBe('other.ts:2:20: Unexpected "="');
    expect(error.diagnostics).toEqual([{ severity: 'error', message: 'Unexpected "="', file: 'other.ts', line: 2, column: 20 }]);
  });

  it('is waiting at the top level, with what to do instead', async () => {
    const error = await failureOf('const a = 1;\nconst b = await Promise.resolve(a);\nexport function run() { return b }');
    expect(error.message).toMatch(/^index\.ts:2:11: await cannot be used at the top level: .* inside of an async function$/);
  });

  it('is told with every error there is', async () => {
    const { diagnostics } = await failureOf("import './a.js';\nimport './b.js';\nexport function run() {}");
    expect(diagnostics).toMatchObject([
      { message: 'there is no file "a.js"', file: 'index.ts', line: 1, column: 8 },
      { message: 'there is no file "b.js"', file: 'index.ts', line: 2, column: 8 },
    ]);
  });

  it('is an entry that is not there, or exports nothing, or not what was asked for', async () => {
    expect(await failureOf('export function run() {}', { entry: 'main.ts' })).toMatchObject({
      code: 'build.missing_entry',
      message: 'There is no file main.ts to begin with: add it, or set entry.',
    });
    expect(await failureOf('function run() {}')).toMatchObject({
      code: 'build.missing_entry',
      message: expect.stringMatching(/^index\.ts exports no function: write "export function/),
    });
    expect(await failureOf('export function run() {}', { functionNames: ['run', 'execute'] })).toMatchObject({
      code: 'build.missing_entry',
      message: 'There is no exported function execute: index.ts exports run.',
    });
  });

  it('is a name that means something else', async () => {
    expect((await failureOf('export function memory() {}')).message).toMatch(/cannot be exported as "memory"/);
  });

  it('is a top level that throws, with the place in the source', async () => {
    const error = await failureOf({
      'index.ts': "import './other.js';\nexport function run() {}",
      'other.ts': '// one\ninterface A {}\nnull!.length;',
    });
    expect(error.code).toBe('build.compile_failed');
    expect(error.message).toMatch(/^The top level of the source failed: TypeError: cannot read property 'length' of null \(other\.ts:3:1\)$/);
    expect(error.diagnostics).toMatchObject([{ file: 'other.ts', line: 3, column: 1 }]);
  });

  it('is a promise of the top level that nobody waits for and that fails', async () => {
    const error = await failureOf('async function load() { throw new Error("lost") }\nload();\nexport function run() {}');
    expect(error.message).toMatch(/promise of the top level was rejected.*Error: lost \(index\.ts:1:/);
    const { exports } = await compile('const later = Promise.reject(new Error("x")); later.catch(() => {}); export function run() {}');
    expect(exports).toEqual(['run']);
  });

  it.each([
    ['Host.inputString()', 'Host.inputString cannot be called at the top level'],
    ['Config.get("a")', 'Config.get cannot be called at the top level'],
    ['Var.set("a", "b")', 'Var.set cannot be called at the top level'],
    ['Http.request({ url: "http://example.com" })', 'Http.request cannot be called at the top level'],
    ['await_(fetch("http://example.com"))', 'fetch cannot be called at the top level'],
    ['setTimeout(() => {}, 1)', 'setTimeout cannot be called at the top level'],
    ['Memory.fromString("a")', 'Memory cannot be called at the top level'],
    ['Host.getFunctions().proxy_state(0)', 'there is no host function proxy_state'],
  ])('is a call of the host at the top level: %s', async (call, message) => {
    const error = await failureOf(
      `declare const Host: any, Config: any;\nfunction await_(p: unknown) { return p }\n${call};\nexport function run() {}`,
    );
    expect(error.message).toContain(message);
    expect(error.diagnostics).toMatchObject([{ file: 'index.ts', line: 3 }]);
  });

  it('is code that the engine does not know', async () => {
    expect((await failureOf('export const a = eval("1 +");\nexport function run() {}')).message).toMatch(/SyntaxError/);
  });
});

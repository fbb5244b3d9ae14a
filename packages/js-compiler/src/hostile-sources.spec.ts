import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { closeAll, compile, failureOf } from '../test/a-function.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'torii-js-'));
  writeFileSync(path.join(folder, 'secret.js'), 'module.exports = "secret"');
  writeFileSync(path.join(folder, 'package.json'), '{"imports":{"#secret":"./secret.js"}}');
  writeFileSync(path.join(folder, 'tsconfig.json'), `{"compilerOptions":{"baseUrl":".","paths":{"outside":["./secret.js"]}}}`);
  const install = (name: string, files: Record<string, string>): void => {
    for (const [file, content] of Object.entries(files)) {
      const place = path.join(folder, 'node_modules', name, file);
      mkdirSync(path.dirname(place), { recursive: true });
      writeFileSync(place, content);
    }
  };
  install('good', {
    'package.json': '{"main":"lib/index.js"}',
    'lib/index.js': 'exports.value = require("./other").value',
    'lib/other.js': 'exports.value = 42',
  });
  install('climbs', { 'index.js': 'module.exports = require("../../secret.js")' });
  install('absolute', { 'index.js': `module.exports = require(${JSON.stringify(path.join(folder, 'secret.js'))})` });
  install('maps', { 'package.json': '{"main":"index.js","browser":{"./index.js":"../../secret.js"}}', 'index.js': '1' });
  install('linked', { 'package.json': '{"main":"link.js"}' });
  symlinkSync(path.join(folder, 'secret.js'), path.join(folder, 'node_modules', 'linked', 'link.js'));
  install('text', { 'index.js': 'export default import("./data.txt")', 'package.json': '{}' });
  symlinkSync('/etc/passwd', path.join(folder, 'node_modules', 'text', 'data.txt'));
  install('node', { 'index.js': 'module.exports = require("fs")' });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await closeAll();
});

const withPackages = (source: string) => failureOf({ 'index.js': source }, { nodeModules: path.join(folder, 'node_modules') });

describe('a source that wants what is not its own', () => {
  it.each([
    ["import '/etc/passwd'", 'is a path of the machine'],
    ["import x from '../../../../etc/hostname'", "leads out of the function's files"],
    ["import x from './../../x'", "leads out of the function's files"],
    ["import 'file:///etc/passwd'", 'is a file: URL'],
    ["import 'https://example.com/x.js'", 'is a https: URL'],
    [`import 'data:text/javascript,${'a'.repeat(1_000)}'`, 'is a data: URL'],
    ["require('fs')", 'is a module of Node.js'],
    ["import 'node:child_process'", 'is a module of Node.js'],
    ["import '#secret'", 'which functions do not have'],
    ["import 'outside'", 'add it to "dependencies"'],
    ["import 'left-pad'", 'the package "left-pad" is not there: add it to "dependencies"'],
    ["import '@scope/name/deep'", 'the package "@scope/name" is not there'],
    ["import 'C:\\\\windows\\\\x.js'", 'is a path of the machine'],
    ["import './photo.png'", 'there is no file "src/photo.png"'],
    ["import './style.exe'", 'is of a kind that cannot be imported'],
  ])('is refused, with the place: %s', async (line, message) => {
    const error = await failureOf({ 'src/index.js': `\n${line};\nexport function run() {}`, 'src/style.exe': '' });
    expect(error.code).toBe('build.compile_failed');
    expect(error.message).toContain(message);
    expect(error.diagnostics).toMatchObject([{ file: 'src/index.js', line: 2 }]);
  });

  it('is given its packages', async () => {
    const { exports } = await compile(
      { 'index.js': 'const { value } = require("good"); if (value !== 42) throw new Error("wrong"); exports.run = () => {}' },
      { nodeModules: path.join(folder, 'node_modules') },
    );
    expect(exports).toEqual(['run']);
  });

  it.each(['climbs', 'absolute', 'maps', 'linked', 'text', 'node'])('gets nothing of the machine through the package %s', async (name) => {
    const error = await withPackages(
      `import x from '${name}'; if (JSON.stringify(x).includes('secret')) throw new Error('it has it'); export function run() {}`,
    );
    expect(error.code).toBe('build.compile_failed');
    expect(error.message).not.toContain('it has it');
  });

  it('gets nothing of the machine from beside its packages', async () => {
    expect((await withPackages("import 'secret.js'; export function run() {}")).message).toContain('is not there');
    expect((await withPackages("import '../secret.js'; export function run() {}")).message).toContain('leads out');
  });
});

it.each([
  '{"compilerOptions":{"baseUrl":"/","paths":{"passwd":["/etc/passwd"],"up":["../../../../etc/passwd"]}}}',
  '{"compilerOptions":{"paths":{"passwd":"/etc/passwd","up":[1,null,{}]}}}',
  '{"compilerOptions":{"baseUrl":7,"paths":["/etc/passwd"],"jsx":{},"__proto__":{"paths":{"passwd":["/etc/passwd"]}}}}',
  'null',
])('a source gets nothing of the machine by the paths of %s', async (tsconfig) => {
  const error = await failureOf({ 'index.ts': "import 'passwd';\nimport 'up';\nexport function run() {}", 'tsconfig.json': tsconfig });
  expect(error.diagnostics).toMatchObject([
    { message: expect.stringContaining('the package "passwd" is not there'), line: 1 },
    { message: expect.stringContaining('the package "up" is not there'), line: 2 },
  ]);
});

it('a source learns nothing of the folders of the machine by names that are put together', async () => {
  const up = '../'.repeat(20);
  const patterns = {
    there: `require("${up}etc/" + name)`,
    nowhere: `require("${up}nowhere/" + name)`,
    thereInTry: `(() => { try { return require("${up}etc/" + name) } catch {} })()`,
    nowhereInTry: `(() => { try { return require("${up}nowhere/" + name) } catch {} })()`,
    here: 'require("./" + name + ".json")',
    import: `import(\`${up}etc/\${name}\`)`,
  };
  const answers = await Promise.all(Object.values(patterns).map((pattern) => failureOf({ 'index.js': `exports.run = (name) =>\n${pattern}` })));
  for (const { message, diagnostics } of answers) {
    expect(message).toMatch(/^index\.js:2:\d+: import\(\) and require\(\) take the name of one file, written out: [^/]*$/);
    expect(diagnostics).toHaveLength(1);
  }
});

describe('a source that will not end, or takes too much', () => {
  it('is ended in an endless top level', async () => {
    const error = await failureOf('export function run() {}\nfor (;;) JSON.parse("1");', { topLevelCpuMs: 300 });
    expect(error.code).toBe('build.deadline_exceeded');
    expect(error.message).toContain('computed for more than 300 ms');
    expect(error.diagnostics).toMatchObject([{ file: 'index.ts' }]);
  });

  it('is ended in endless jobs', async () => {
    const error = await failureOf('const again = () => { Promise.resolve().then(again) }; again(); export function run() {}', { topLevelCpuMs: 300 });
    expect(error.code).toBe('build.deadline_exceeded');
  });

  it('is ended in a loop that catches everything', async () => {
    const error = await failureOf('for (;;) try { for (;;) ; } catch {}\nexport function run() {}', { topLevelCpuMs: 300 });
    expect(error.code).toBe('build.deadline_exceeded');
  });

  it.each([
    ['few large things', 'const all = []; for (;;) all.push(new Uint8Array(1 << 20))'],
    ['many small things', 'const all = []; for (;;) all.push({ all })'],
    ['one long text', 'let text = "x".repeat(1 << 20); const all = []; for (;;) all.push(text += "y")'],
  ])('may not take more memory than there is for it: %s', async (_name, code) => {
    const error = await failureOf(`${code}\nexport function run() {}`, { memoryMaxBytes: 16 * 1024 * 1024 });
    expect(error.code).toBe('build.memory_exceeded');
  });

  it('may not make a module that is too large', async () => {
    const lots = 'export const lots = Array.from({ length: 300000 }, (_, i) => i * 1.5); export function run() { return lots.length + "" }';
    const limits = { outputMaxBytes: 2 * 1024 * 1024 };
    expect((await failureOf(lots, limits)).code).toBe('build.too_large');
    expect(
      (await failureOf(`export const text = ${JSON.stringify('x'.repeat(3_000_000))}; export function run() { return text }`, limits)).code,
    ).toBe('build.too_large');
  });

  it.each([
    ['brackets', `export const a = ${'['.repeat(5_000)}${']'.repeat(5_000)}`],
    ['conditions', `export const a = ${'a?b:'.repeat(20_000)}1`],
    ['calls', 'function f() { f() } f()'],
    ['an error of its own', 'function f() { throw { get stack() { f() } } } f()'],
  ])('ends when it is nested too deeply: %s', async (_name, code) => {
    const error = await failureOf(`${code}; export function run() {}`);
    expect(['build.compile_failed', 'build.memory_exceeded']).toContain(error.code);
  });

  it('is bundled although hundreds of its files import each other in a circle', async () => {
    const count = 400;
    const files = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `f${index}.js`,
        `import { n as other } from './f${(index + 1) % count}.js'; export const n = ${index}; export const get = () => other;`,
      ]),
    );
    const { exports } = await compile({ 'index.js': "import { get } from './f0.js'; export function run() { return get() }", ...files });
    expect(exports).toEqual(['run']);
  });
});

describe('a source that spoils what the language gives it', () => {
  it('spoils nothing that the engine needs of it', async () => {
    const { exports } = await compile(`
      Object.prototype.then = Object.prototype.toJSON = undefined;
      Object.prototype.get = () => 'spoilt';
      Array.prototype.map = Array.prototype.push = Array.prototype.filter = () => { throw new Error('spoilt') };
      Promise.prototype.then = () => { throw new Error('spoilt') };
      String.prototype.replace = undefined;
      globalThis.Host = globalThis.Error = globalThis.Promise = null;
      export function run() { return 'fine' }`);
    expect(exports).toEqual(['run']);
  });

  it.each(['{}', 'null', 'nope', '["run","run"]'])('exports what it exports, whatever JSON says that is: %s', async (json) => {
    const { exports } = await compile(`JSON.stringify = () => ${JSON.stringify(json)}; export function run() {}`);
    expect(exports).toEqual(['run']);
  });

  it.each([
    ['what a list is', 'Array.prototype.toJSON = () => ({})'],
    ['what names are', 'Map.prototype.keys = () => [1, 2]'],
    ['names by one name', 'Map.prototype.keys = () => ["run", "run"]'],
  ])('is told so when its exports cannot be known any more: it replaces %s', async (_name, code) => {
    const error = await failureOf(`${code}; export function run() {}\nexport function other() {}`);
    expect(error.code).toBe('build.compile_failed');
    expect(error.message).toContain('has replaced what the language itself is made of');
  });

  it.each([
    ['never ends', 'for (;;);', 'build.deadline_exceeded'],
    ['throws', 'throw new Error("mine")', 'build.compile_failed'],
  ])('fails by its own fault when what it has put in place of JSON.parse %s', async (_what, body, code) => {
    const error = await failureOf(`JSON.parse = () => { ${body} }; export function run() {}`, { topLevelCpuMs: 300 });
    expect(error.code).toBe(code);
  });

  it('fails alone, and no build after it, when it spoils everything', async () => {
    const spoil = 'for (const name of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[name] } catch {}\nexport function run() {}';
    const spoilMore = 'for (const key of Reflect.ownKeys(Map.prototype)) delete Map.prototype[key];\nexport function run() {}';
    await compile(spoil).catch((error: unknown) => expect(error).toMatchObject({ code: 'build.compile_failed' }));
    expect((await failureOf(spoilMore)).code).toBe('build.compile_failed');
    expect((await compile('export function run() { return new Map([[1, 2]]).get(1) }')).exports).toEqual(['run']);
  });

  it('finds nothing of the engine that was not meant for it', async () => {
    const { exports } = await compile(`
      const names = Object.getOwnPropertyNames(globalThis).filter((name) => /torii|native|qjs|require|process/.test(name));
      if (names.length > 0 || typeof require !== 'undefined' || typeof process !== 'undefined') throw new Error(names.join());
      export function run() {}`);
    expect(exports).toEqual(['run']);
  });
});

import { afterAll, describe, expect, it } from '@jest/globals';
import { describeModule } from '@torii/wasm-binary';
import { type Compiled, compileWith, type TestCompile } from '../../test/a-compile.js';
import { WatCompiler } from './wat.js';

const execute = '(func (export "execute") (result i32) (i32.const 0))';

describe('WatCompiler', () => {
  const compiler = new WatCompiler();
  afterAll(() => compiler.close());
  const compile = (text: string, options: TestCompile = {}): Promise<Compiled> => compileWith(compiler, text, options);

  it('says of itself that it is there, and in which version', async () => {
    expect(await compiler.detect()).toEqual({ name: 'wat', available: true, toolchain: { wabt: expect.stringMatching(/^\d+\.\d+\.\d+$/) } });
  });

  it('makes a module that keeps the names of the source', async () => {
    const { wasm, warnings } = await compile(`(module (func $greet_whoever_calls) ${execute})`, { functionNames: ['execute'] });
    expect(describeModule(wasm).exports).toEqual([{ name: 'execute', kind: 'function', params: [], results: ['i32'] }]);
    expect(Buffer.from(wasm).includes('greet_whoever_calls')).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('makes the same bytes of the same source', async () => {
    const [first, second] = [await compile(`(module ${execute})`), await compile(`(module ${execute})`)];
    expect(Buffer.from(first.wasm).equals(Buffer.from(second.wasm))).toBe(true);
  });

  it('tells the line and the column of what does not parse, and of what is not valid', async () => {
    await expect(compile('(module\n  (func (export "execute") (result i32)\n    (i32.cnst 0)))')).rejects.toMatchObject({
      code: 'build.compile_failed',
      message: expect.stringContaining('main.wat:3:6'),
      diagnostics: [expect.objectContaining({ severity: 'error', file: 'main.wat', line: 3, column: 6 })],
    });
    await expect(compile('(module\n  (func (result i32)\n    (i64.const 0)))')).rejects.toMatchObject({
      code: 'build.compile_failed',
      message: expect.stringContaining('type mismatch'),
      diagnostics: [expect.objectContaining({ file: 'main.wat', line: 3 })],
    });
  });

  it('takes texts beyond ASCII as they are, and counts columns in characters', async () => {
    const { wasm } = await compile(`\ufeff(module (memory 1) (data (i32.const 0) "日é😀") (func (export "é") (result i32) (i32.const 0)))`);
    expect(Buffer.from(wasm).includes('日é😀')).toBe(true);
    expect(describeModule(wasm).exports.map(({ name }) => name)).toEqual(['é']);
    await expect(compile('(module (func (export "日é😀") (i32.cnst 0)))')).rejects.toMatchObject({
      diagnostics: [expect.objectContaining({ file: 'main.wat', line: 1, column: 32 })],
    });
  });

  it('names the functions that are wanted but not exported, and those that are', async () => {
    await expect(compile(`(module ${execute})`, { functionNames: ['execute', 'handle'] })).rejects.toMatchObject({
      code: 'build.missing_entry',
      message: expect.stringMatching(/handle.*exports execute/),
    });
  });

  it('compiles the entry alone, whatever lies beside it, and says when it is not there', async () => {
    const files = { 'src/other.wat': `(module ${execute})`, 'README.md': 'not a module' };
    expect((await compileWith(compiler, files, { entry: 'src/other.wat' })).wasm.length).toBeGreaterThan(8);
    await expect(compileWith(compiler, files)).rejects.toMatchObject({ code: 'build.missing_entry', message: expect.stringContaining('main.wat') });
  });

  it.each([
    ['a directive that includes a file of the host', '(module (include "/etc/passwd"))'],
    ['types of the garbage collection proposal', '(module (type (struct (field i32))))'],
    ['64-bit memory', '(module (memory i64 1))'],
    ['shared memory', '(module (memory 1 1 shared))'],
    ['a module in binary', '\0asm\x01\0\0\0'],
    ['2 MiB of garbage', 'q7(\0)"$'.repeat((2 * 1024 * 1024) / 7)],
    ['parentheses nested 500,000 deep', `(module (func ${'(block '.repeat(500_000)}`],
    ['instructions nested 200,000 deep', `(module (func (result i32) ${'(i32.eqz '.repeat(200_000)}(i32.const 0)${')'.repeat(200_000)}))`],
  ])('refuses %s, with the place where the file is at fault, and goes on with the next', async (_, source) => {
    await expect(compile(source)).rejects.toMatchObject({
      code: 'build.compile_failed',
      diagnostics: expect.arrayContaining([expect.objectContaining({ severity: 'error', file: 'main.wat' })]),
    });
    expect((await compile(`(module ${execute})`)).wasm.length).toBeGreaterThan(8);
  });

  it('refuses a module that is larger than builds may make', async () => {
    const source = `(module (memory 2) (data (i32.const 0) "${'a'.repeat(10_000)}"))`;
    await expect(compile(source, { limits: { outputMaxBytes: 10_000 } })).rejects.toMatchObject({
      code: 'build.too_large',
      message: expect.stringContaining('10000'),
    });
  });

  it('says so when the source needs more memory than builds may have', async () => {
    const source = `(module ${'(func (result i32) (i32.const 0))'.repeat(60_000)})`;
    await expect(compile(source, { limits: { memoryMaxBytes: 24 * 1024 * 1024 } })).rejects.toMatchObject({ code: 'build.memory_exceeded' });
  });

  it('ends with the reason that the build was ended for', async () => {
    const reason = new Error('the deadline has passed');
    await expect(compile(`(module ${execute})`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const ending = new AbortController();
    const compiling = compile(`(module ${'(func (result i32) (i32.const 0))'.repeat(60_000)})`, { signal: ending.signal });
    setImmediate(() => ending.abort(reason));
    await expect(compiling).rejects.toBe(reason);
  });
});

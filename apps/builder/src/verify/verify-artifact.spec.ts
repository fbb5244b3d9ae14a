import { expect, it } from '@jest/globals';
import { artifactMaxBytes, BuildError, FunctionSettings, hostFunctions } from '@torii/contracts';
import { compileWat, giantModules, guest, mutateModule, realModule, seededRandom } from '@torii/test-kit';
import { verifyArtifact } from './verify-artifact.js';

const defaults = FunctionSettings.parse({});

interface Asked {
  readonly functionNames?: readonly string[];
  readonly settings?: Partial<FunctionSettings>;
}

const verify = (wasm: Uint8Array, { functionNames = [], settings = {} }: Asked = {}) =>
  verifyArtifact(wasm, { functionNames, settings: { ...defaults, ...settings } });

/** The code, and what is wrong, one message each. */
async function refusal(wasm: Uint8Array, asked?: Asked): Promise<{ code: string; messages: string[] }> {
  const error = await verify(wasm, asked).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BuildError)) throw new Error(`not refused: ${String(error)}`);
  expect(error.message).not.toBe('');
  return { code: error.code, messages: error.diagnostics.map(({ message }) => message) };
}

const withImport = (module: string, name: string, type = '(param i64 i64) (result i64)'): Promise<Uint8Array> =>
  compileWat(`(module (import "${module}" "${name}" (func ${type})) (func (export "run") (result i32) i32.const 0))`);

it.each([
  ['nothing', new Uint8Array(), 'the build made a file that is empty'],
  ['something else', Buffer.from('#!/bin/sh\nexit 1'), 'the build made a file that is not WebAssembly: it does not begin with \\0asm'],
  ['a part of a header', Buffer.from('\0asm\x01', 'latin1'), 'the build made a file that is not WebAssembly: it does not begin with \\0asm'],
  ['a component', Buffer.from('\0asm\x0d\0\x01\0', 'latin1'), 'the build made a file that is a WebAssembly component: a core module is needed'],
  ['another version', Buffer.from('\0asm\x02\0\0\0', 'latin1'), 'the build made a file that is WebAssembly of version 2: version 1 is needed'],
])('refuses %s by what it is', async (_, wasm, message) => {
  expect(await refusal(wasm)).toEqual({ code: 'build.artifact_rejected', messages: [message] });
});

it('refuses a module that is too large before it reads it', async () => {
  const { messages } = await refusal(new Uint8Array(artifactMaxBytes + 1));
  expect(messages).toEqual([`the build made a file that has ${artifactMaxBytes + 1} bytes; a module may have ${artifactMaxBytes}`]);
});

it('refuses a module that lies about its parts', async () => {
  expect(await refusal((await guest('hello')).subarray(0, -5))).toEqual({
    code: 'build.artifact_rejected',
    messages: [expect.stringContaining('the module that was built is not valid: ')],
  });
});

it.each([
  ['a host function by a slip', 'env', 'proxy_plugin_map_gte', ', which is no host function, did you mean "proxy_plugin_map_get"?'],
  ['a host function that never was', 'env', 'constructor', ', which is no host function'],
  ['a kernel function by a slip', 'extism:host/env', 'output_sett', ', which is no function of the Extism kernel, did you mean "output_set"?'],
  ['an old kernel function by a slip', 'env', 'extism_alloca', ', which is no function of the Extism kernel, did you mean "alloc"?'],
  ['WASI that is none', 'wasi_snapshot_preview1', 'fd_telll', ', which is no function of WASI preview 1'],
  ['a namespace by a slip', 'extism:host/users', 'proxy_log', ', and there is no namespace "extism:host/users", did you mean "extism:host/user"?'],
  ['JavaScript', './glue.js', '__wbg_log', ', and there is no namespace "./glue.js"'],
])('names the import of %s', async (_, module, name, why) => {
  expect(await refusal(await withImport(module, name))).toEqual({
    code: 'build.artifact_rejected',
    messages: [`the module imports ${module}.${name}${why}`],
  });
});

it('says how a host function is imported rightly', async () => {
  const { messages } = await refusal(await withImport('env', 'proxy_log', '(param f64) (result i32)'));
  expect(messages).toEqual(['the module imports env.proxy_log as (f64) -> (i32); it is (i32, i64, i64) -> (i32)']);
});

it('says what is imported that is no function', async () => {
  const wasm = await compileWat('(module (import "env" "memory" (memory 1)) (func (export "run")))');
  expect((await refusal(wasm)).messages).toEqual(['the module imports the memory env.memory; only functions are offered']);
});

it('takes pointers and sizes of 32 bits, under every namespace', async () => {
  for (const namespace of ['env', 'env/Otoroshi', 'extism:host/user']) {
    const wasm = await withImport(namespace, 'proxy_get_attr', '(param i32 i32) (result i32)');
    await expect(verify(wasm)).resolves.toMatchObject({ warnings: [] });
  }
});

it('says everything that is wrong at once', async () => {
  const wasm = await compileWat(`(module
    (import "env" "nothing" (func)) (import "envy" "proxy_log" (func))
    (memory 2000)
    (func (export "runs") (result i32) i32.const 0))`);
  expect(await refusal(wasm, { functionNames: ['run', 'other'] })).toEqual({
    code: 'build.artifact_rejected',
    messages: [
      'the module imports env.nothing, which is no host function',
      'the module imports envy.proxy_log, and there is no namespace "envy", did you mean "env"?',
      `the module begins with 131072000 bytes of memory: raise memoryMaxBytes of its settings from 67108864, or make it need less`,
      'the module does not export the function "run", did you mean "runs"?',
      'the module does not export the function "other": it exports runs',
    ],
  });
});

it.each([
  ['none at all', '(module)', [], ['the module exports no function that can be called: one that takes nothing and returns nothing or an i32']],
  [
    'only one of the host',
    '(module (func (export "_initialize")))',
    ['run'],
    ['the module does not export the function "run", nor any that can be called'],
  ],
  ['a memory', '(module (memory (export "run") 1))', ['run'], ['the module exports "run" as a memory, not as a function']],
  [
    'one with parameters',
    '(module (func (export "run") (param i32)))',
    ['run'],
    ['the function "run" must take no parameters, and return nothing or an i32'],
  ],
])('finds no function where there is %s', async (_, text, functionNames, messages) => {
  expect(await refusal(await compileWat(text), { functionNames })).toEqual({ code: 'build.missing_entry', messages });
});

it('asks for the function of the settings too', async () => {
  const { code, messages } = await refusal(await guest('hello'), { settings: { functionName: 'handle' } });
  expect(code).toBe('build.missing_entry');
  expect(messages).toEqual(['the module does not export the function "handle": it exports run']);
});

it('warns of each grant that the settings lack, and names it', async () => {
  const wasm = await guest('calls-kv');
  const settings: Partial<FunctionSettings> = { hostFunctions: [{ name: 'plugin_map', access: ['read'] }] };
  expect((await verify(wasm, { settings })).warnings).toEqual([
    { severity: 'warning', message: 'the module imports env.proxy_plugin_map_set: add "plugin_map:write" to hostFunctions of its settings' },
  ]);
  expect((await verify(wasm, { settings: { hostFunctions: ['plugin_map:read', 'plugin_map:write'] } })).warnings).toEqual([]);
});

it('has a grant to name for every host function that needs one', async () => {
  for (const [name, { params, result, grant }] of Object.entries(hostFunctions)) {
    const type = `${params.map((param) => `(param ${param})`).join(' ')} ${result === undefined ? '' : `(result ${result})`}`;
    const { warnings } = await verify(await withImport('env', name, type));
    expect({ name, warned: warnings.map(({ message }) => message.includes(`"${grant}"`)) }).toEqual({
      name,
      warned: grant === undefined ? [] : [true],
    });
  }
});

it.each(['go', 'rust', 'c', 'assemblyscript'] as const)('takes what the toolchain of %s makes', async (name) => {
  const { exports } = await verify(await realModule(name));
  expect(exports.length).toBeGreaterThan(0);
});

it('takes a module with 50 MB of code', async () => {
  const { exports } = await verify(giantModules.fiftyMegabytesOfCode());
  expect(exports.length).toBeGreaterThan(0);
});

it('never fails but with a refusal, whatever the bytes', async () => {
  const wasm = await guest('calls-kv');
  const random = seededRandom(7);
  for (let round = 0; round < 300; round += 1) {
    const error = await verify(mutateModule(wasm, random)).catch((thrown: unknown) => thrown);
    if (error instanceof Error) expect(error).toBeInstanceOf(BuildError);
  }
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { createStubHost, realModule, realModuleNames, type StubHost } from '@torii/test-kit';
import { describeModule } from '@torii/wasm-binary';
import { type FunctionOptions, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { isRestorable, prepareModule } from './prepare-module.js';

type Exports = Readonly<Record<string, unknown>>;

const limits = { memoryMaxBytes: 64 * 1024 * 1024 };
const opened: LoadedFunction[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
});

async function load(bytes: Uint8Array, options: FunctionOptions): Promise<LoadedFunction> {
  const loaded = await loadGuest(bytes, options);
  opened.push(loaded);
  return loaded;
}

/** An instance of the module as it is, initialised. */
function originalOf(bytes: Uint8Array): { readonly exports: Exports; readonly host: StubHost } {
  const host = createStubHost();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), host.imports(describeModule(bytes).imports));
  host.attach(exports.memory as WebAssembly.Memory);
  if (exports._initialize !== undefined) call(exports, '_initialize');
  return { exports, host };
}

function call(exports: Exports, name: string): unknown {
  return (exports[name] as () => unknown)();
}

describe.each(realModuleNames)('the module %s', (name) => {
  it('is prepared, can be instantiated, and can be put back in place', async () => {
    const prepared = await prepareModule(await realModule(name), limits);
    expect(isRestorable(prepared)).toBe(true);
    const imports = createStubHost().imports(prepared.imports);
    expect(new WebAssembly.Instance(prepared.module, imports).exports).toHaveProperty('torii:memory');
  });
});

describe.each(['assemblyscript', 'c', 'c-jumps', 'c-jumps-exnref', 'rust'] as const)('a plugin compiled from %s', (name) => {
  /** What calls in a row of a plugin's entry return; a plugin that returns something else than 0 has failed. */
  async function returned(bytes: Uint8Array, options: FunctionOptions, times: number): Promise<unknown[]> {
    const loaded = await load(bytes, { functionName: 'run', ...options });
    const failures: unknown[] = [];
    for (let left = times; left > 0; left -= 1) failures.push(await loaded.call().catch((error: unknown) => error));
    return failures;
  }

  it('computes call by call what the original computes', async () => {
    const bytes = await realModule(name);
    const { exports } = originalOf(bytes);
    const expected = [1, 2, 3].map(() => failureOf(call(exports, 'run')));
    expect(await returned(bytes, {}, 3)).toMatchObject(expected);
  });

  it('begins each call as the original does when it is isolated', async () => {
    const bytes = await realModule(name);
    const first = failureOf(call(originalOf(bytes).exports, 'run'));
    expect(await returned(bytes, { isolation: 'fresh' }, 3)).toMatchObject([first, first, first]);
  });
});

function failureOf(result: unknown): object {
  return { code: 'plugin.failed', detail: `the plugin returned ${String(result)}` };
}

describe('the Go example', () => {
  it('answers what the original does', async () => {
    const bytes = await realModule('go');
    const { exports, host } = originalOf(bytes);
    const input = '{"request":{"query":{}}}';
    host.kernel.begin(input);
    call(exports, 'GetCompleteAddress');
    expect(host.kernel.output()).toContain('missing query param q');
    const { text } = await load(bytes, { functionName: 'GetCompleteAddress' });
    expect(await text(input)).toBe(host.kernel.output());
  });
});

describe('QuickJS as it comes', () => {
  it('is not linked, and told which of its imports no plugin can have', async () => {
    const { pool } = await load(await realModule('quickjs'), { functionName: 'qjs_init' });
    await expect(pool.warmUp(10_000)).rejects.toMatchObject({
      code: 'config.compile_failed',
      detail: expect.stringMatching(/"env" "host_call" is unknown/),
    });
  });
});

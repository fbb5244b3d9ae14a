import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { GrantString, hostFunctionNamespaces, hostFunctions, kernelFunctions } from '@torii/contracts';
import { describeModule, rewriteModule } from '@torii/wasm-binary';
import { codeOf, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { memoryStores } from '../test/a-map.js';
import { type RunningServer, startServer } from '../test/a-server.js';
import { compileWat, guestBytes } from '../test/wat.js';
import { Guest } from './guest.js';
import type { FunctionSpec, RuntimeDeps } from './index.js';
import { linkImports } from './link-imports.js';

/*
 * The SDK brings implementations of its own for everything a guest may import: a kernel in JavaScript, an unguarded fetch,
 * node:wasi. None of them may ever be reached, whatever a guest imports and under whichever name.
 */

let server: RunningServer;
let loaded: LoadedFunction | undefined;

beforeEach(async () => {
  server = await startServer((_request, response) => void response.writeHead(207).end('through the egress'));
});

afterEach(async () => {
  await loaded?.close();
  await server.close();
  jest.restoreAllMocks();
});

/** A module that imports everything there is. */
function importEverything(): Uint8Array {
  const line = (module: string, name: string, params: readonly string[], result: string | undefined): string =>
    `(import "${module}" "${name}" (func ${params.length > 0 ? `(param ${params.join(' ')})` : ''} ${result === undefined ? '' : `(result ${result})`}))`;
  const kernel = Object.entries(kernelFunctions).flatMap(([name, { params, result }]) => [
    line('extism:host/env', name, params, result),
    line('env', `extism_${name}`, params, result),
  ]);
  const host = Object.entries(hostFunctions).flatMap(([name, { params, result }]) =>
    hostFunctionNamespaces.map((namespace) => line(namespace, name, params, result)),
  );
  const wasi = ['fd_write', 'random_get', 'clock_time_get', 'poll_oneoff', 'path_open', 'sock_send', 'proc_exit'].map((name) =>
    line('wasi_snapshot_preview1', name, ['i32'], 'i32'),
  );
  return compileWat(
    `(module ${[...kernel, ...host, ...wasi].join('\n')} (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))`,
  );
}

it('leaves no import to the SDK, whatever a guest imports', async () => {
  const bytes = importEverything();
  const { imports } = describeModule(rewriteModule(bytes, { memoryMaxPages: 10 }));
  expect(imports.map(({ module }) => module)).not.toContain('wasi_snapshot_preview1');
  expect(imports.filter(({ module }) => module === 'extism:host/env').map(({ name }) => name)).not.toContain('http_request');

  const spec = { grants: GrantString.options, config: {}, limits: { requestMaxBytes: 0, responseMaxBytes: 0 } };
  const guest = new Guest(spec as unknown as FunctionSpec, { stores: memoryStores() } as unknown as RuntimeDeps);
  const linked = linkImports(imports, guest);
  for (const { module, name } of imports) expect(linked.imports[module]?.[name]).toBeDefined();

  loaded = await loadGuest(bytes, { grants: GrantString.options });
  await loaded.call();
});

it('answers HTTP, config and vars itself, and never calls fetch', async () => {
  const fetchSpy = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('the SDK fetched'));
  const overrides = new Map([['api.test', new URL(server.origin)]]);
  const options = { egress: { overrides }, allowedHosts: ['http://api.test'], config: { api: 'ours' } };

  loaded = await loadGuest(guestBytes('host-calls'), { functionName: 'fetch', ...options });
  expect(await loaded.text('{"url":"http://api.test/"}')).toBe('through the egress');
  await loaded.close();

  loaded = await loadGuest(guestBytes('host-calls'), { functionName: 'config', ...options });
  expect(await loaded.text('api')).toBe('ours');
  expect(fetchSpy).not.toHaveBeenCalled();
});

// Each of these would be called by the SDK or by instantiation, outside of any deadline: the test would never end.
it.each([
  ['_initialize', '(module (func (export "_initialize") (loop $l (br $l))) (func (export "run")))', 'config.compile_failed'],
  ['_start', '(module (func (export "_start") (loop $l (br $l))) (func (export "run")))', 'none'],
  ['hs_init', '(module (func (export "hs_init") (loop $l (br $l))) (func (export "run")))', 'config.compile_failed'],
  ['the start function', '(module (func $s (loop $l (br $l))) (start $s) (func (export "run")))', 'config.compile_failed'],
])('does not let the SDK run %s', async (_name, wat, outcome) => {
  loaded = await loadGuest(compileWat(wat));
  expect(await codeOf(loaded.pool.warmUp(50))).toBe(outcome);
});

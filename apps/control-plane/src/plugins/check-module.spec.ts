import { describe, expect, it } from '@jest/globals';
import { type ModuleExport, type ModuleImport, PluginLimits } from '@torii/contracts';
import { checkModule } from './check-module.js';

const handle: ModuleExport = { name: 'handle', kind: 'function', params: [], results: ['i32'] };
const spec = {
  kind: 'backend' as const,
  functionName: 'handle',
  wasi: false,
  hostFunctions: [],
  mapStore: 'memory' as const,
  limits: PluginLimits.parse({}),
};

function anImport(module: string, name: string, params: string[] = ['i64', 'i64'], results: string[] = ['i64']): ModuleImport {
  return { module, name, kind: 'function', params, results };
}

function issuesOf(entry: ModuleImport, changes: Partial<Parameters<typeof checkModule>[1]> = {}) {
  return checkModule({ imports: [entry], exports: [handle] }, { ...spec, ...changes });
}

describe('checkModule', () => {
  it('accepts a module whose imports are all known and granted', () => {
    const imports = [
      anImport('extism:host/env', 'input_length', [], ['i64']),
      anImport('env', 'extism_alloc', ['i64'], ['i64']),
      anImport('wasi_snapshot_preview1', 'anything_at_all', ['i32'], ['i32']),
      anImport('env', 'proxy_plugin_map_get'),
      anImport('extism:host/user', 'proxy_http_call'),
      anImport('env/Otoroshi', 'proxy_log', ['i32', 'i64', 'i64'], ['i32']),
    ];
    expect(checkModule({ imports, exports: [handle] }, { ...spec, wasi: true, hostFunctions: ['plugin_map:read'] })).toEqual([]);
  });

  it('asks of a sink for the function that says whether it answers, besides the one that does', () => {
    expect(checkModule({ imports: [], exports: [handle] }, { ...spec, kind: 'sink' })).toMatchObject([
      { pointer: '/source', code: 'missing_export', detail: expect.stringContaining('"sink_matches"') },
    ]);
    const exports = [handle, { ...handle, name: 'sink_matches' }];
    expect(checkModule({ imports: [], exports }, { ...spec, kind: 'sink' })).toEqual([]);
  });

  it('asks of a websocket transformer for one of its functions, and that the other can be called if it is there', () => {
    const request = { ...handle, name: 'on_request_message' };
    const response = { ...handle, name: 'on_response_message' };
    const issuesFor = (functionName: string, ...exports: ModuleExport[]) =>
      checkModule({ imports: [], exports }, { ...spec, kind: 'websocket_transformer', functionName });
    expect(issuesFor('on_request_message', request)).toEqual([]);
    expect(issuesFor('on_request_message', request, response)).toEqual([]);
    expect(issuesFor('handle', handle, { ...response, params: ['i32'] })).toEqual([]);
    expect(issuesFor('on_response_message', request)).toMatchObject([{ pointer: '/functionName', code: 'missing_export' }]);
    expect(issuesFor('on_request_message', request, { ...response, params: ['i32'] })).toMatchObject([
      { pointer: '/source', detail: expect.stringContaining('"on_response_message" must take no parameters') },
    ]);
  });

  it('takes sizes and pointers as i32 or i64 alike', () => {
    expect(issuesOf(anImport('env', 'proxy_plugin_map_set', ['i64', 'i32'], ['i32']), { hostFunctions: ['plugin_map:write'] })).toEqual([]);
  });

  it('points to the memory limit when the module begins with more, and to the source when nodes cannot run it', () => {
    const module = { imports: [], exports: [handle], memoryMinBytes: 131_072 };
    const limits = PluginLimits.parse({ memoryMaxBytes: 65_536 });
    expect(checkModule(module, { ...spec, limits })).toMatchObject([{ pointer: '/limits/memoryMaxBytes' }]);
    expect(checkModule({ ...module, unsupported: 'shared memory is not supported' }, spec)).toMatchObject([
      { pointer: '/source', detail: expect.stringContaining('shared memory') },
    ]);
  });

  it('names the grant to add for an import that is not granted', () => {
    expect(issuesOf(anImport('env', 'proxy_plugin_map_get'))).toEqual([
      {
        pointer: '/hostFunctions',
        code: 'missing_grant',
        detail: 'the module imports env.proxy_plugin_map_get: add "plugin_map:read" to hostFunctions',
      },
    ]);
  });

  it('does not take the grant to read for the grant to write', () => {
    expect(issuesOf(anImport('env', 'proxy_plugin_map_set'), { hostFunctions: [{ name: 'plugin_map', access: ['read'] }] })).toMatchObject([
      { code: 'missing_grant', detail: expect.stringContaining('"plugin_map:write"') },
    ]);
    expect(issuesOf(anImport('env', 'proxy_plugin_map_set'), { hostFunctions: [{ name: 'plugin_map', access: ['write'] }] })).toEqual([]);
  });

  it('refuses imports nobody serves, with the name that was probably meant', () => {
    expect(issuesOf(anImport('env', 'proxy_plugin_map_gett'))).toMatchObject([
      { pointer: '/source', code: 'unknown_import', detail: expect.stringContaining('did you mean "proxy_plugin_map_get"?') },
    ]);
    expect(issuesOf(anImport('extism:host/env', 'allocate'))).toMatchObject([{ code: 'unknown_import' }]);
    expect(issuesOf(anImport('wasi_snapshot_preview2', 'fd_write'))).toMatchObject([
      { code: 'unknown_import', detail: expect.stringContaining('did you mean "wasi_snapshot_preview1"?') },
    ]);
    expect(issuesOf(anImport('env', 'abort', ['i32', 'i32', 'i32', 'i32'], []))).toMatchObject([{ code: 'unknown_import' }]);
    expect(issuesOf(anImport('torii:env', 'http_request'))).toMatchObject([{ code: 'unknown_import' }]);
  });

  it.each(['constructor', '__proto__', 'toString'])('is not fooled by an import called %s', (name) => {
    expect(issuesOf(anImport('env', name))).toMatchObject([{ code: 'unknown_import' }]);
    expect(issuesOf(anImport('extism:host/env', name))).toMatchObject([{ code: 'unknown_import' }]);
  });

  it('refuses grants that would grant nothing', () => {
    const module = { imports: [], exports: [handle] };
    const hostFunctions = [
      { name: 'state' as const, access: ['read' as const, 'write' as const], ttlMs: 5 },
      { name: 'global_map' as const, access: ['read' as const, 'write' as const], ttlMs: 5, maxKeys: 5 },
    ];
    expect(checkModule(module, { ...spec, hostFunctions }).map(({ pointer }) => pointer)).toEqual([
      '/hostFunctions/0/access/1',
      '/hostFunctions/0/ttlMs',
    ]);
  });

  it.each([
    ['too few parameters', ['i64'], ['i64']],
    ['a float', ['i64', 'f64'], ['i64']],
    ['no result', ['i64', 'i64'], []],
  ])('refuses an import declared with %s', (_, params, results) => {
    expect(issuesOf(anImport('env', 'proxy_http_call', params, results))).toMatchObject([
      { code: 'unknown_import', detail: expect.stringContaining('it is (i64, i64) -> (i64)') },
    ]);
  });

  it('refuses imports that are not functions', () => {
    expect(issuesOf({ module: 'env', name: 'memory', kind: 'memory' })).toMatchObject([
      { code: 'unknown_import', detail: expect.stringContaining('the memory env.memory') },
    ]);
  });

  it('asks for wasi once, whatever the number of its imports', () => {
    const imports = ['fd_write', 'proc_exit'].map((name) => anImport('wasi_snapshot_preview1', name));
    expect(checkModule({ imports, exports: [handle] }, spec)).toMatchObject([
      { pointer: '/wasi', detail: expect.stringContaining('fd_write, proc_exit') },
    ]);
  });

  it.each<[string, ModuleExport[], RegExp]>([
    ['is not exported', [{ ...handle, name: 'handel' }], /did you mean "handel"/],
    ['is a memory', [{ name: 'handle', kind: 'memory' }], /is a memory/],
    ['takes parameters', [{ ...handle, params: ['i32'] }], /must take no parameters/],
    ['returns an i64', [{ ...handle, results: ['i64'] }], /return nothing or an i32/],
    ['is missing from a module without exports', [], /exports no function/],
  ])('refuses a function that %s', (_, exports, detail) => {
    expect(checkModule({ imports: [], exports }, spec)).toEqual([
      { pointer: '/functionName', code: 'missing_export', detail: expect.stringMatching(detail) },
    ]);
  });

  it('answers all problems at once', () => {
    const imports = [anImport('env', 'proxy_plugin_map_get'), anImport('env', 'nope'), anImport('wasi_snapshot_preview1', 'fd_write')];
    const codes = checkModule({ imports, exports: [] }, spec).map(({ code }) => code);
    expect(codes).toEqual(['missing_export', 'missing_grant', 'unknown_import', 'missing_grant']);
  });
});

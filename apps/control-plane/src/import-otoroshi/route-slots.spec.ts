import { describe, expect, it } from '@jest/globals';
import { aFileRoute, aFileSlot, onlyRoute } from '../../test/support/otoroshi-file.js';

const wasm = (name: string) => ({ source: { kind: 'wasmo', path: `${name}-1.0.0.wasm` } });
const routeWith = (...plugins: object[]) => onlyRoute(aFileRoute({ plugins }));

describe('the plugins of a route', () => {
  it('are read from both forms', () => {
    const slot = aFileSlot('WasmPreRoute', wasm('a'));
    expect(onlyRoute(aFileRoute({ plugins: [slot] })).slots).toHaveLength(1);
    const { slots } = onlyRoute(aFileRoute({ plugins: { slots: [slot] } }));
    expect(slots).toMatchObject([{ pointer: '/plugins/slots/0' }]);
    expect(onlyRoute(aFileRoute({ plugins: 'all' })).items).toMatchObject([{ severity: 'lost', pointer: '/plugins' }]);
  });

  it('run in the order of their indexes, and then as listed', () => {
    const { slots, plugins } = routeWith(
      aFileSlot('WasmAccessValidator', wasm('third')),
      aFileSlot('WasmAccessValidator', wasm('second'), { plugin_index: { validate_access: 1.5 } }),
      aFileSlot('WasmPreRoute', wasm('zero'), { include: ['/a'], exclude: ['/a/b'], enabled: false }),
      aFileSlot('WasmAccessValidator', wasm('first'), { plugin_index: { validate_access: 0 } }),
    );
    expect(slots.map(({ pointer }) => pointer)).toEqual(['/plugins/2', '/plugins/3', '/plugins/1', '/plugins/0']);
    expect(slots[0]).toMatchObject({ enabled: false, include: ['/a'], exclude: ['/a/b'] });
    expect(plugins.map(({ wish }) => wish)).toEqual([
      'orders-pre-route',
      'orders-access-validator',
      'orders-2-access-validator',
      'orders-3-access-validator',
    ]);
  });

  it('answer in place of the backend where the first one called does', () => {
    const { target, items } = routeWith(
      aFileSlot('WasmBackend', wasm('never')),
      aFileSlot('WasmBackend', wasm('a'), { plugin_index: { call_backend: 0 } }),
    );
    expect(target).toMatchObject({ kind: 'plugin', pointer: '/plugins/1', upstream: { targets: [{ url: 'http://orders.internal:8080' }] } });
    expect(items.map(({ severity, pointer }) => [severity, pointer])).toEqual([['ignored', '/plugins/0']]);
  });

  it('leave the backend to answer where none of them does', () => {
    const { target, items } = routeWith(aFileSlot('WasmBackend', wasm('a'), { enabled: false }));
    expect(target).toMatchObject({ kind: 'other', target: { kind: 'upstream' } });
    expect(items).toMatchObject([{ severity: 'ignored', pointer: '/plugins/0' }]);
  });

  it.each<[string, object, object]>([
    ['Redirection', { code: 301, to: 'https://x.example/y' }, { kind: 'redirect', status: 301, url: 'https://x.example/y' }],
    ['Redirection', {}, { kind: 'redirect', status: 303, url: 'https://www.otoroshi.io' }],
    [
      'StaticResponse',
      { status: 418, headers: { 'X-A': 'b', 'Content-Length': '3' }, body: 'tea' },
      { status: 418, headers: { 'X-A': 'b' }, body: 'tea' },
    ],
    ['StaticResponse', { body: 'Base64(dGVh)', apply_el: true }, { kind: 'static', status: 200, body: 'tea' }],
    ['StaticResponse', { status: 204, body: 'never sent' }, { status: 204, body: '' }],
    ['MaintenanceMode', {}, { kind: 'static', status: 503, body: 'Service in maintenance mode' }],
    ['BuildMode', {}, { kind: 'static', status: 503 }],
  ])('become a target where they always answer the same: %s %j', (className, config, target) => {
    expect(routeWith(aFileSlot(className, config)).target).toMatchObject({ kind: 'other', target });
  });

  it.each<[string, object, object]>([
    ['Redirection', { to: `https://x.example\${req.path}` }, {}],
    ['StaticResponse', { body: `\${req.path}`, apply_el: true }, {}],
    ['StaticResponse', { body: 'Base64(/w==)' }, {}],
    ['WasmBackend', wasm('a'), { include: ['/a/.*'] }],
    ['OverrideHost', {}, { exclude: ['/a/.*'] }],
    ['ApikeyCalls', { mandatory: true }, {}],
    ['MockResponses', {}, {}],
    ['WasmOPA', wasm('a'), {}],
    ['WasmSink', wasm('a'), {}],
    ['WasmRouter', wasm('a'), {}],
    ['constructor', {}, {}],
  ])('are lost where nothing here stands for them, and the backend stays: %s %j %j', (className, config, changes) => {
    const { target, items } = routeWith(aFileSlot(className, config, changes));
    expect(target).toMatchObject({ kind: 'other', target: { kind: 'upstream' } });
    expect(items).toMatchObject([{ severity: 'lost', pointer: expect.stringMatching(/^\/plugins\/0/) }]);
  });

  it('are left out without loss where they are off, or done for every route', () => {
    const { items } = routeWith(
      aFileSlot('ApikeyCalls', {}, { enabled: false }),
      aFileSlot('XForwardedHeaders'),
      aFileSlot('Redirection', { code: 300 }),
    );
    expect(items.map(({ severity }) => severity)).toEqual(['ignored', 'ignored', 'ignored']);
  });
});

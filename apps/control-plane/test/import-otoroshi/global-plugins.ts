import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Plugin, Route, Settings } from '@torii/contracts';
import { compileWat } from '@torii/test-kit';
import type { ImportReport } from '../../src/import-otoroshi/report.js';
import { aKeyWith } from '../support/admin-key.js';
import type { ApiClient } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';
import { aFileRoute, aFileSlot } from '../support/otoroshi-file.js';

let torii: TestControlPlane;
let api: ApiClient;
let sha256: string;

const wasm = { source: { kind: 'wasmo', path: 'a.wasm', opts: {} }, functionName: 'handle' };
const aRoute = (name: string) => aFileRoute({ id: `route_${name}`, name, frontend: { domains: [`${name}.example`] } });
const anExport = (ng: unknown, routes: object[] = []) => ({ config: { plugins: { config: { ng } } }, routes });
const send = (body: unknown, query = '', client = api) =>
  client.send<ImportReport>('POST', `/api/v1/import/otoroshi?module=a.wasm=${sha256}${query}`, body);
const slotsOf = async () => (await api.get<Settings>('/api/v1/settings')).body.plugins;
const ofSettings = ({ entities }: ImportReport) => entities.filter(({ kind }) => kind === 'settings');

export function describeGlobalPlugins(running: () => TestControlPlane): void {
  beforeAll(async () => {
    torii = running();
    api = torii.api;
    const functions = ['handle', 'sink_matches'].map((name) => `(func (export "${name}") (result i32) (i32.const 0))`).join('');
    ({ sha256 } = await api.upload(await compileWat(`(module (memory (export "memory") 1) ${functions})`)));
    await api.aPlugin('handmade', { kind: 'pre_route' });
  });

  afterEach(async () => {
    await api.send('PUT', '/api/v1/settings', {});
  });

  describe('global plugins of Otoroshi', () => {
    it('become slots of the settings in their order, in either form of the file, and change nothing when they are imported again', async () => {
      const slots = [
        aFileSlot('WasmSink', wasm),
        aFileSlot('WasmAccessValidator', wasm, { include: ['/a/.*'] }),
        aFileSlot('WasmPreRoute', wasm, { enabled: false }),
      ];
      const { body: report } = await send(anExport({ slots }));
      expect(report).toMatchObject({ counts: { lost: 0, changed: 0 } });
      expect(ofSettings(report)).toEqual([{ kind: 'settings', name: 'settings', action: 'updated', pointer: '/config/plugins/config/ng' }]);
      expect(await slotsOf()).toMatchObject([
        { plugin: 'global-pre-route', enabled: false },
        { plugin: 'global-access-validator', include: ['/a/.*'], enabled: true },
        { plugin: 'global-sink' },
      ]);
      expect((await api.get<Plugin>('/api/v1/plugins/global-sink')).body).toMatchObject({ kind: 'sink', description: 'Of all routes in Otoroshi' });

      const { body: again, headers } = await send(anExport(slots));
      expect(again.entities.map(({ action }) => action)).toEqual(Array(4).fill('unchanged'));
      expect((await send(anExport(slots))).headers.get('x-config-revision')).toBe(headers.get('x-config-revision'));
    });

    it('take the place of what an earlier import made of them, and leave the slots alone that were written by hand', async () => {
      await api.send('PUT', '/api/v1/settings', { plugins: [{ plugin: 'handmade', include: ['/1'] }] });
      await send(anExport([aFileSlot('WasmAccessValidator', wasm)]));
      const [first, second] = await slotsOf();
      await api.send('PUT', '/api/v1/settings', { plugins: [first, second, { plugin: 'handmade', include: ['/2'] }] });
      const { body } = await send(anExport([aFileSlot('WasmAccessValidator', wasm, { exclude: ['/free'] })]));
      expect(ofSettings(body)).toMatchObject([{ action: 'updated' }]);
      expect((await slotsOf()).map(({ plugin, include, exclude }) => [plugin, ...include, ...exclude])).toEqual([
        ['handmade', '/1'],
        ['global-access-validator', '/free'],
        ['handmade', '/2'],
      ]);
      await send([aRoute('alone')]);
      expect(await slotsOf()).toHaveLength(3);
    });

    it('are left as they are by a dry run, which reports what it would do', async () => {
      const body = anExport([aFileSlot('WasmPreRoute', wasm)], [aRoute('tried')]);
      const dry = await send(body, '&dryRun=true');
      expect(ofSettings(dry.body)).toMatchObject([{ action: 'updated' }]);
      expect(await slotsOf()).toEqual([]);
      expect({ ...(await send(body)).body, dryRun: true }).toEqual(dry.body);
      expect(await slotsOf()).toMatchObject([{ plugin: 'global-pre-route' }]);
    });

    it('that have lost something are off, and so are the routes that they were to guard, unless the import is told not to', async () => {
      const guard = aFileSlot('WasmAccessValidator', { ...wasm, authorizations: { httpAccess: true } });
      const { body } = await send(anExport([guard], [aRoute('guarded')]));
      expect(body.entities).toMatchObject([{ kind: 'plugin' }, { kind: 'settings', action: 'updated' }, { kind: 'route', enabled: false }]);
      expect(await slotsOf()).toMatchObject([{ plugin: 'global-access-validator', enabled: false }]);

      await send(anExport([guard], [aRoute('guarded')]), '&incomplete=enabled');
      expect(await slotsOf()).toMatchObject([{ plugin: 'global-access-validator', enabled: true }]);
      expect((await api.get<Route>('/api/v1/routes/guarded')).body.enabled).toBe(true);
    });

    it('that are not there switch the routes off, and say by which place in the file they are lost', async () => {
      const slots = [
        aFileSlot('ApikeyCalls'),
        aFileSlot('WasmBackend', wasm),
        aFileSlot('XForwardedHeaders'),
        aFileSlot('WasmPreRoute', { ...wasm, functionName: 'handel' }),
      ];
      const { body } = await send(anExport(slots, [aRoute('unguarded')]));
      expect(body.items.map(({ severity, pointer }) => `${severity} ${pointer.replace('/config/plugins/config/ng', '')}`).sort()).toEqual([
        'changed /routes/0',
        'ignored /2',
        'ignored /config',
        'lost /0',
        'lost /1',
        'lost /3',
        'lost /3/config/functionName',
      ]);
      expect(ofSettings(body)).toMatchObject([{ action: 'skipped' }]);
      expect(body.entities.at(-1)).toMatchObject({ kind: 'route', action: 'created', enabled: false });
      expect(await slotsOf()).toEqual([]);
    });

    it('are refused by the rules of the settings as a whole: no more slots than there may be', async () => {
      const { body } = await send(anExport(Array.from({ length: 65 }, () => aFileSlot('WasmPreRoute', wasm))));
      expect(ofSettings(body)).toMatchObject([{ action: 'skipped' }]);
      expect(body.items).toContainEqual(expect.objectContaining({ severity: 'lost', what: 'plugins' }));
      expect(await slotsOf()).toEqual([]);
    });

    it('are imported only with a key that may write the settings', async () => {
      const key = await aKeyWith(torii, 'routes:write', 'plugins:write');
      const client = api.withKey(key);
      expect(await send(anExport([aFileSlot('WasmPreRoute', wasm)]), '', client)).toMatchObject({ status: 403 });
      expect(await send(anExport([aFileSlot('ApikeyCalls')]), '', client)).toMatchObject({ status: 200 });
    });
  });
}

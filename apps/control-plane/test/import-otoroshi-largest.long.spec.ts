import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importLimits } from '../src/import-otoroshi/import-limits.js';
import type { ImportReport } from '../src/import-otoroshi/report.js';
import { aModule } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';
import { aFileRoute, aFileSlot } from './support/otoroshi-file.js';

let torii: TestControlPlane;

beforeAll(async () => {
  torii = await startControlPlane();
}, 60_000);
afterAll(() => torii?.close(), 60_000);

describe('an import of as many routes and plugins as may be', () => {
  it('is done within its time, and again, and as a dry run', async () => {
    const { sha256 } = await torii.api.upload(await aModule());
    const guard = aFileSlot('WasmPreRoute', { source: { kind: 'wasmo', path: 'a.wasm', opts: {} }, functionName: 'handle' });
    const { routesMax, pluginsMax } = importLimits;
    const body = Array.from({ length: routesMax }, (_, n) =>
      aFileRoute({ id: `route_${n}`, name: `Route ${n}`, frontend: { domains: [`r${n}.example`] }, plugins: n < pluginsMax ? [guard] : [] }),
    );
    const times: string[] = [];
    for (const [query, action] of [
      ['&dryRun=true', 'created'],
      ['', 'created'],
      ['', 'unchanged'],
    ] as const) {
      const beganMs = performance.now();
      const { body: report } = await torii.api.send<ImportReport>('POST', `/api/v1/import/otoroshi?module=a.wasm=${sha256}${query}`, body);
      times.push(`${query} ${action} ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`);
      expect(report.entities.filter((entity) => entity.action === action)).toHaveLength(routesMax + pluginsMax);
    }
    console.info(times.join('\n'));
    const { rows } = await torii.database.query(
      "SELECT count(DISTINCT revision)::int AS revisions, count(*)::int AS rows FROM audit WHERE entity_kind IN ('plugin', 'route')",
    );
    expect(rows).toEqual([{ revisions: routesMax + pluginsMax, rows: routesMax + pluginsMax }]);
  }, 400_000);
});

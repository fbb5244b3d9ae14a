import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answeringGuest, startUpstream, type Upstream } from '@torii/test-kit';
import type { AddressApi } from '../../examples/geolocation-go/address-api.mjs';
import type { Gateway } from '../a-gateway.js';

const example = path.join(import.meta.dirname, '..', '..', 'examples', 'geolocation-go');

/** `api` stands in for the address service that the nodes call; nobody else calls it meanwhile. */
export function describeImport(gateway: Gateway, api: () => AddressApi): void {
  describe('a file of Otoroshi', () => {
    let upstream: Upstream;

    beforeAll(async () => {
      upstream = await startUpstream((request, response) => void response.end(`${request.method} ${request.url} for ${request.headers.host}`));
    });
    afterAll(() => upstream.close());
    // The tester has a route of this name.
    afterAll(() => gateway.must('DELETE', '/api/v1/routes/geolocation?wait=applied&timeout=60s'));

    it("is imported with the article's route, which then answers, and remembers what it answered", async () => {
      const uploaded = await gateway.must('POST', '/api/v1/artifacts', await readFile(path.join(example, 'geolocation.wasm')));
      const file = JSON.parse(await readFile(path.join(example, 'otoroshi.json'), 'utf8'));
      const query = `module=faas-1.0.0-dev.wasm=${uploaded.json.sha256}&wait=applied&timeout=60s`;
      const report = await gateway.must('POST', `/api/v1/import/otoroshi?${query}`, file);
      expect(report.json).toMatchObject({
        counts: { lost: 0 },
        entities: [
          { kind: 'plugin', action: 'created' },
          { kind: 'route', action: 'created', enabled: true },
        ],
      });

      const ask = () => gateway.proxy(0, '/?q=200+avenue+allende+niort', { host: 'geolocation.oto.tools:8080' });
      const before = api().calls();
      const first = await ask();
      expect(first).toMatchObject({ status: 200, text: expect.stringContaining('Niort') });
      expect((await ask()).text).toBe(first.text);
      expect(api().calls()).toBe(before + 1);
      expect(await gateway.proxy(0, '/', { host: 'geolocation.oto.tools' })).toMatchObject({ status: 400, json: { error: 'missing query param q' } });
    });

    it('is imported with routes that proxy, whose requests arrive as they did behind Otoroshi', async () => {
      const module = Buffer.from(await answeringGuest(JSON.stringify({ result: false, error: { message: 'no', status: 423 } }))).toString('base64');
      const target = { id: 't', hostname: '127.0.0.1', port: upstream.port, tls: false };
      const route = (id: string, changes: object) => ({ id, name: id, backend: { targets: [target], root: '/v2' }, plugins: [], ...changes });
      const guard = {
        plugin: 'cp:otoroshi.next.plugins.WasmAccessValidator',
        include: ['/closed(/.*)?'],
        config: { raw_source: module, functionName: 'run' },
      };
      const file = {
        routes: [
          route('proxied', { frontend: { domains: ['proxied.example'], headers: { 'x-tenant': 'Wildcard(a*)' } }, plugins: { slots: [guard] } }),
          route('own-host', {
            frontend: { domains: ['own.example/shop'] },
            plugins: [{ plugin: 'cp:otoroshi.next.plugins.OverrideHost', config: {} }],
          }),
          route('user', {
            frontend: { domains: ['own.example/users/:id'], exact: true },
            backend: { targets: [target], root: `/u/\${req.pathparams.id}` },
          }),
        ],
      };
      const report = await gateway.must('POST', '/api/v1/import/otoroshi?wait=applied&timeout=60s', file);
      expect(report.json).toMatchObject({ counts: { lost: 0, changed: 0 } });

      const proxied = { host: 'proxied.example', headers: { 'x-tenant': 'acme' } };
      expect(await gateway.proxy(0, '/a/b?c=d', proxied)).toMatchObject({ status: 200, text: 'GET /v2/a/b?c=d for proxied.example' });
      expect(await gateway.proxy(0, '/a/b', { host: 'proxied.example' })).toMatchObject({ status: 404 });
      expect(await gateway.proxy(0, '/closed/x', proxied)).toMatchObject({ status: 423 });
      expect(await gateway.proxy(0, '/shop/cart', { host: 'own.example' })).toMatchObject({ text: `GET /v2/cart for 127.0.0.1:${upstream.port}` });
      expect(await gateway.proxy(0, '/users/42', { host: 'own.example' })).toMatchObject({ status: 200, text: expect.stringContaining('/u/42') });
    });
  });
}

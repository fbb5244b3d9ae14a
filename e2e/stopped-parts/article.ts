import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { AddressApi } from '../../examples/geolocation-go/address-api.mjs';
import type { Gateway } from '../a-gateway.js';

const example = path.join(import.meta.dirname, '..', '..', 'examples', 'geolocation-go');
const query = '/search?q=avenue+allende+79000+niort';

async function json(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path.join(example, name), 'utf8'));
}

/** Stops and starts everything. `api` stands in for the address service that the nodes call; nobody else calls it. */
export function describeArticle(gateway: Gateway, api: () => AddressApi): void {
  describe("the article's geolocation function", () => {
    beforeAll(async () => {
      const uploaded = await gateway.must('POST', '/api/v1/artifacts', await readFile(path.join(example, 'geolocation.wasm')));
      await gateway.must('PUT', '/api/v1/plugins/geolocation', {
        ...(await json('plugin.json')),
        source: { kind: 'artifact', sha256: uploaded.json.sha256 },
      });
      await gateway.must('PUT', '/api/v1/routes/geolocation', await json('route.json'));
      const last = await gateway.must('PUT', '/api/v1/routes/geolocation-oto?wait=applied&timeout=60s', await json('route-oto.json'));
      expect(last.headers['x-config-applied']).toBe('2/2');
    });

    it('answers 400 with its own message when q is missing', async () => {
      const answer = await gateway.proxy(0, '/search', { host: 'localhost' });
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({ error: 'missing query param q' });
    });

    it('calls the address service once, then answers the same from its map: on this node, on the other, and after a restart of everything', async () => {
      const first = await gateway.proxy(0, query, { host: 'localhost' });
      expect(first.status).toBe(200);
      expect(first.headers['content-type']).toContain('application/json');
      expect(first.text).toContain('Niort');
      expect(api().calls()).toBe(1);

      expect((await gateway.proxy(0, query, { host: 'localhost:8080' })).text).toBe(first.text);
      expect((await gateway.proxy(1, query, { host: 'geolocation.localhost' })).text).toBe(first.text);
      expect((await gateway.proxy(1, '/?q=avenue+allende+79000+niort', { host: 'geolocation.oto.tools:8080' })).text).toBe(first.text);
      expect(api().calls()).toBe(1);

      await gateway.stopApps();
      await gateway.redis.stop();
      await gateway.redis.start();
      await gateway.startApps();
      await gateway.everywhere(query, { host: 'localhost' }, (answer) => answer.status === 200 && answer.text === first.text);
      expect(api().calls()).toBe(1);
    });

    it('keeps keys with quotes, backslashes and other scripts apart', async () => {
      for (const text of ['rue "du" \\ Bac', 'Œuvre & fils', '北京市朝阳区']) {
        const target = `/search?q=${encodeURIComponent(text)}`;
        const before = api().calls();
        const miss = await gateway.proxy(0, target, { host: 'localhost' });
        const hit = await gateway.proxy(1, target, { host: 'localhost' });
        expect([miss.status, hit.status, hit.text]).toEqual([200, 200, miss.text]);
        expect(api().calls()).toBe(before + 1);
      }
    });
  });
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import type { AddressApi } from '../../examples/geolocation-go/address-api.mjs';
import type { Gateway } from '../a-gateway.js';
import type { Answer } from '../http.js';

const example = path.join(import.meta.dirname, '..', '..', 'examples', 'geolocation-go');
const request = { host: 'localhost', path: '/search', query: { q: 'avenue allende 79000 niort' } };

interface HostCall {
  readonly name: string;
  readonly duration_ns: number;
}

async function json(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path.join(example, name), 'utf8'));
}

/** What the plugin that answered asked the host for. */
function hostCallsOf(answer: Answer): readonly HostCall[] {
  const step = answer.json.report.steps.find(({ task }: { task: string }) => task === 'call-backend');
  return step.ctx.plugins[0].torii.host_calls;
}

/** `api` stands in for the address service that the nodes call; nobody else calls it meanwhile. */
export function describeTester(gateway: Gateway, api: () => AddressApi): void {
  describe('the tester', () => {
    beforeAll(async () => {
      const uploaded = await gateway.must('POST', '/api/v1/artifacts', await readFile(path.join(example, 'geolocation.wasm')));
      const source = { kind: 'artifact', sha256: uploaded.json.sha256 };
      await gateway.must('PUT', '/api/v1/plugins/geolocation', { ...(await json('plugin.json')), source });
      await gateway.must('PUT', '/api/v1/routes/geolocation?wait=applied&timeout=60s', await json('route.json'));
    });

    it("shows the outbound call of the article's first request, and the map read of its second", async () => {
      const before = api().calls();
      const first = await gateway.must('POST', '/api/v1/tester', { request });
      expect(first.json).toMatchObject({ error: null, response: { status: 200, body: expect.stringContaining('Niort') } });
      const called = hostCallsOf(first);
      const outbound = called.find(({ name }) => name.includes('http'));
      expect(outbound?.duration_ns).toBeGreaterThan(50e6);
      expect(called.some(({ name }) => name.includes('map_set'))).toBe(true);
      expect(api().calls()).toBe(before + 1);

      const second = await gateway.must('POST', '/api/v1/tester', { request });
      expect(second.json.response.body).toBe(first.json.response.body);
      const read = hostCallsOf(second).map(({ name }) => name);
      expect(read.some((name) => name.includes('map_get'))).toBe(true);
      expect(read.filter((name) => name.includes('http') || name.includes('map_set'))).toEqual([]);
      expect(api().calls()).toBe(before + 1);
    });

    it('asks the node that is named, and answers clearly when there is none', async () => {
      const { items } = (await gateway.must('GET', '/api/v1/nodes')).json;
      for (const { id } of items) {
        const answer = await gateway.must('POST', '/api/v1/tester', { request, node: id });
        expect(answer.json.report.torii.node).toBe(id);
      }
      const unknown = await gateway.admin('POST', '/api/v1/tester', { request, node: 'nd_00000000-0000-7000-8000-000000000000' });
      expect(unknown).toMatchObject({ status: 422, json: { errors: [{ pointer: '/node', code: 'unknown_reference' }] } });
    });

    it('tries a draft without saving it, and says what is wrong with one', async () => {
      const draft = { routes: [{ name: 'geolocation', match: [{ hosts: ['localhost'] }], target: { kind: 'static', body: 'draft' } }] };
      const tried = await gateway.must('POST', '/api/v1/tester', { request, draft });
      expect(tried.json).toMatchObject({ response: { body: 'draft' }, report: { torii: { draft: true } } });
      expect((await gateway.proxy(0, '/search', { host: 'localhost' })).status).toBe(400);

      const other = { routes: [{ name: 'new', match: [{ hosts: ['new.test'] }], target: { kind: 'function', plugin: 'geolocatoin' } }] };
      const refused = await gateway.admin('POST', '/api/v1/tester', { request, draft: other });
      expect(refused).toMatchObject({
        status: 422,
        json: { errors: [{ pointer: '/draft/routes/0/target/plugin', detail: expect.stringContaining('geolocation') }] },
      });
    });

    it('reports live traffic that carries a token', async () => {
      const made = (await gateway.must('POST', '/api/v1/tester/tokens', { route: 'geolocation', expiresInSeconds: 3_600 })).json;
      expect(made.route.name).toBe('geolocation');
      const target = '/search?q=avenue+allende+79000+niort';
      const live = await gateway.proxy(1, target, { host: 'localhost', headers: { [made.header]: made.token } });
      expect(live.status).toBe(200);
      const id = live.headers['x-torii-report'];
      const report = await eventually(() => gateway.must('GET', `/api/v1/tester/reports/${id}`));
      expect(report.json).toMatchObject({ id, state: 'Successful' });
      expect((await gateway.admin('GET', `/api/v1/tester/reports/${String(id).slice(0, -1)}`)).status).toBe(404);

      const refused = await gateway.proxy(0, target, { host: 'localhost', headers: { [made.header]: `${made.token}x` } });
      expect([refused.status, refused.headers['x-torii-report'], refused.headers['x-torii-debug']]).toEqual([200, undefined, 'invalid']);
    });
  });
}

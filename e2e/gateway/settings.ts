import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answeringGuest, answeringGuestWith, type GuestAnswer, startUpstream, type Upstream } from '@torii/test-kit';
import type { Gateway } from '../a-gateway.js';

/** Leaves the settings empty, whatever happened. */
export function describeSettings(gateway: Gateway): void {
  describe('the settings', () => {
    let upstream: Upstream;
    beforeAll(async () => {
      upstream = await startUpstream((_request, response) => void response.end('from the upstream'));
    });
    afterAll(() => settle({}));
    afterAll(() => upstream.close());

    async function pluginOf(bytes: Uint8Array, name: string, fields: object): Promise<void> {
      const { sha256 } = (await gateway.must('POST', '/api/v1/artifacts', bytes)).json;
      await gateway.must('PUT', `/api/v1/plugins/${name}`, { source: { kind: 'artifact', sha256 }, functionName: 'run', ...fields });
    }

    const plugin = async (name: string, output: object, fields: object): Promise<void> =>
      pluginOf(await answeringGuest(JSON.stringify(output)), name, fields);
    const settle = (settings: object) => gateway.must('PUT', '/api/v1/settings?wait=applied&timeout=60s', settings);
    const route = (name: string, body: object) =>
      gateway.must('PUT', `/api/v1/routes/${name}?wait=applied&timeout=60s`, {
        match: [{ paths: [{ type: 'prefix', value: `/${name}` }] }],
        ...body,
      });

    it('put plugins on every route by REST, on every node, and take them off again', async () => {
      await plugin('stamp', { headers: { 'x-stamp': 'all' } }, { kind: 'response_transformer' });
      await plugin('closed', { result: false, error: { message: 'closed', status: 423 } }, { kind: 'access_validator' });
      await route('open', { target: { kind: 'static', body: 'open' } });
      await route('own', { plugins: [{ plugin: 'closed', exclude: ['/own/door'] }], target: { kind: 'static', body: 'own' } });
      expect((await gateway.proxy(0, '/open')).headers['x-stamp']).toBeUndefined();

      await settle({ plugins: [{ plugin: 'stamp' }, { plugin: 'closed', include: ['/open/closed'] }] });
      for (const node of [0, 1]) {
        expect(await gateway.proxy(node, '/open')).toMatchObject({ status: 200, headers: { 'x-stamp': 'all' } });
        expect(await gateway.proxy(node, '/open/closed')).toMatchObject({ status: 423, text: '{"error":"closed"}' });
        expect(await gateway.proxy(node, '/own')).toMatchObject({ status: 423 });
        expect(await gateway.proxy(node, '/own/door')).toMatchObject({ status: 200, headers: { 'x-stamp': 'all' } });
      }
      expect((await gateway.admin('DELETE', '/api/v1/plugins/stamp')).status).toBe(409);

      await settle({});
      expect((await gateway.proxy(1, '/open/closed')).headers['x-stamp']).toBeUndefined();
      expect((await gateway.admin('DELETE', '/api/v1/plugins/stamp')).status).toBe(204);
    });

    it('have a sink answer what no route takes, and give the 404 back when it is gone', async () => {
      const functions: Record<string, GuestAnswer> = {
        sink_matches: { before: '{"result":true}' },
        sink_handle: { before: '{"status":203,"body_json":', after: '}' },
      };
      await pluginOf(await answeringGuestWith(functions), 'last-resort', { kind: 'sink', functionName: 'sink_handle' });
      await settle({ plugins: [{ plugin: 'last-resort', config: { brand: 'acme' } }] });
      for (const node of [0, 1]) {
        const answer = await gateway.proxy(node, '/nowhere?q=1');
        expect([answer.status, answer.json]).toMatchObject([203, { origin: 'NgReverseProxy', status: 404, config: { brand: 'acme' } }]);
        expect(await gateway.proxy(node, '/open')).toMatchObject({ status: 200, text: 'open' });
      }
      await settle({});
      expect(await gateway.proxy(0, '/nowhere')).toMatchObject({ status: 404, headers: { 'x-torii-error': 'routing.no_route' } });
    });

    it('take a sink that was built from JavaScript', async () => {
      const source = `
      export function sink_matches() {
        const { request } = JSON.parse(Host.inputString());
        Host.outputString(JSON.stringify({ result: request.path.startsWith('/parked') }));
      }
      export function sink_handle() {
        const { request, body_base64 } = JSON.parse(Host.inputString());
        Host.outputString(JSON.stringify({ status: 200, headers: { 'content-type': 'text/plain' }, body_str: request.method + ' ' + body_base64 }));
      }`;
      await gateway.must('PUT', '/api/v1/functions/parking', { language: 'javascript', files: [{ path: 'index.js', content: source }] });
      expect(await gateway.build('parking')).toMatchObject({ status: 'succeeded', error: null });
      const body = { kind: 'sink', source: { kind: 'function', name: 'parking', version: 'dev' }, functionName: 'sink_handle', wasi: true };
      await gateway.must('PUT', '/api/v1/plugins/parking', { ...body, limits: { cpuMs: 1_000 } });
      await settle({ plugins: [{ plugin: 'parking' }] });
      expect(await gateway.proxy(0, '/parked/car', { method: 'POST', body: 'hi' })).toMatchObject({ status: 200, text: 'POST aGk=' });
      expect((await gateway.proxy(0, '/elsewhere')).status).toBe(404);
      await settle({});
    });

    it('leave a function with an upstream to say which of the two answers', async () => {
      await plugin('passes-on', { delegates_call: true }, {});
      await route('passed-on', {
        target: { kind: 'function', plugin: 'passes-on', upstream: { kind: 'upstream', targets: [{ url: upstream.url }] } },
      });
      expect(await gateway.proxy(0, '/passed-on')).toMatchObject({ status: 200, text: 'from the upstream' });
    });

    it('serve a plugin as Otoroshi serves it, once its compat says so', async () => {
      await plugin('reshapes', { body_str: 'reshaped' }, { kind: 'response_transformer' });
      await route('teapot', { plugins: [{ plugin: 'reshapes' }], target: { kind: 'static', status: 418, body: 'short and stout' } });
      expect(await gateway.proxy(0, '/teapot')).toMatchObject({ status: 418, text: 'reshaped' });
      await gateway.must('PATCH', '/api/v1/plugins/reshapes?wait=applied&timeout=60s', { compat: 'otoroshi' });
      expect(await gateway.proxy(0, '/teapot')).toMatchObject({ status: 200, text: 'reshaped' });
    });
  });
}

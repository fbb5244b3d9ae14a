import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startUpstream, type Upstream } from '@torii/test-kit';
import type { Gateway } from '../a-gateway.js';

export function describeUpstreams(gateway: Gateway): void {
  describe('a route to servers', () => {
    const upstreams: Upstream[] = [];

    beforeAll(async () => {
      for (const name of ['blue', 'green']) {
        upstreams.push(await startUpstream((req, res) => void res.writeHead(200, { 'x-server': name }).end(`${name} got ${req.method} ${req.url}`)));
      }
    });
    afterAll(async () => {
      for (const upstream of upstreams) await upstream.close();
    });

    const serversOf = async (node: number): Promise<Set<unknown>> => {
      const names = new Set<unknown>();
      for (let time = 0; time < 8; time += 1) names.add((await gateway.proxy(node, '/shop/cart')).headers['x-server']);
      return names;
    };

    it('is made, changed and taken away by REST, and each node follows', async () => {
      const [blue, green] = upstreams.map(({ url }) => url);
      const route = {
        match: [{ paths: [{ type: 'prefix', value: '/shop' }] }],
        target: { kind: 'upstream', targets: [{ url: `${blue}/v1` }], rewritePath: `/api/\${rest}` },
      };
      await gateway.must('PUT', '/api/v1/routes/shop?wait=applied&timeout=60s', route);
      await gateway.everywhere('/shop/cart?a=1', {}, ({ status, text }) => status === 200 && text === 'blue got GET /v1/api/cart?a=1');

      await gateway.must('PATCH', '/api/v1/routes/shop?wait=applied&timeout=60s', {
        target: { ...route.target, targets: [{ url: blue }, { url: green }] },
      });
      await eventually(async () => {
        for (const node of [0, 1]) expect(await serversOf(node)).toEqual(new Set(['blue', 'green']));
      });

      await upstreams[0]?.close();
      await eventually(async () => {
        for (const node of [0, 1]) expect(await serversOf(node)).toEqual(new Set(['green']));
      });

      const refused = await gateway.admin('PATCH', '/api/v1/routes/shop', { target: { ...route.target, targets: [{ url: 'ftp://x.example' }] } });
      expect(refused).toMatchObject({ status: 422, json: { errors: [{ pointer: '/target/targets/0/url' }] } });
      await gateway.must('DELETE', '/api/v1/routes/shop?wait=applied&timeout=60s');
      await gateway.everywhere('/shop/cart', {}, ({ status }) => status === 404);
    });
  });
}

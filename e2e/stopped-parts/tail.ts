import { describe, expect, it } from '@jest/globals';
import { answeringGuest, eventually, ServerEvents } from '@torii/test-kit';
import type { Gateway } from '../a-gateway.js';

type Event = { readonly path?: string; readonly nodeId?: string; readonly state?: string; readonly nodes?: number };

/** Stops Redis for a while. */
export function describeTail(gateway: Gateway): void {
  describe('following live requests', () => {
    it('shows those of all nodes as they are answered, filtered, and goes on after Redis was away', async () => {
      const bytes = await answeringGuest(JSON.stringify({ body_str: 'hello' }));
      const { sha256 } = (await gateway.must('POST', '/api/v1/artifacts', bytes)).json;
      await gateway.must('PUT', '/api/v1/plugins/answer', { kind: 'backend', source: { kind: 'artifact', sha256 }, functionName: 'run' });
      const route = { match: [{ paths: [{ type: 'prefix', value: '/shop' }] }], target: { kind: 'function', plugin: 'answer' } };
      await gateway.must('PUT', '/api/v1/routes/shop?wait=applied&timeout=60s', route);

      const client = new ServerEvents<Event>(`${gateway.adminUrl}/api/v1/tail?route=shop&status=2xx`, gateway.adminHeaders);
      try {
        const seen = (path: string): Set<string | undefined> =>
          new Set(
            client
              .named('request')
              .filter((request) => request.path === path)
              .map(({ nodeId }) => nodeId),
          );
        const seenFromBoth = async (path: string): Promise<void> => {
          await eventually(async () => {
            for (const node of [0, 1]) {
              expect(await gateway.proxy(node, `${path}?secret=hunter2`)).toMatchObject({ status: 200 });
              expect(await gateway.proxy(node, '/elsewhere')).toMatchObject({ status: 404 });
            }
            expect(seen(path).size).toBe(2);
          });
        };
        await eventually(() => expect(client.named('state').at(-1)).toMatchObject({ state: 'following', nodes: 2 }));
        await seenFromBoth('/shop/before');
        await gateway.redis.stop();
        await eventually(() => expect(client.named('state').at(-1)).toMatchObject({ state: 'interrupted' }));
        await gateway.redis.start();
        await seenFromBoth('/shop/after');
        expect(seen('/elsewhere').size).toBe(0);
        expect(JSON.stringify(client.events)).not.toContain('hunter2');
      } finally {
        client.close();
      }
    });
  });
}

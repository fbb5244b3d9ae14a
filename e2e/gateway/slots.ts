import { describe, expect, it } from '@jest/globals';
import { answeringGuest } from '@torii/test-kit';
import type { Gateway } from '../a-gateway.js';

export function describeSlots(gateway: Gateway): void {
  describe('plugins in the slots of a route', () => {
    /** Makes a plugin, or its next version, that answers always the same. */
    async function plugin(name: string, kind: string, output: object): Promise<void> {
      const bytes = await answeringGuest(JSON.stringify(output));
      const { sha256 } = (await gateway.must('POST', '/api/v1/artifacts', bytes)).json;
      await gateway.must('PUT', `/api/v1/plugins/${name}?wait=applied&timeout=60s`, {
        kind,
        source: { kind: 'artifact', sha256 },
        functionName: 'run',
      });
    }

    it('are set, changed and switched off by REST, and each change is served', async () => {
      await plugin('gated-answer', 'backend', { body_str: 'hello' });
      await plugin('gated-gate', 'access_validator', { result: false, error: { message: 'closed', status: 423 } });
      await plugin('gated-stamp', 'response_transformer', { headers: { 'x-stamp': 'seen' } });
      const route = {
        match: [{ paths: [{ type: 'prefix', value: '/gated' }] }],
        plugins: [{ plugin: 'gated-stamp' }, { plugin: 'gated-gate', exclude: ['/gated/open'] }],
        target: { kind: 'function', plugin: 'gated-answer' },
      };
      await gateway.must('PUT', '/api/v1/routes/gated?wait=applied&timeout=60s', route);
      expect(await gateway.proxy(0, '/gated')).toMatchObject({ status: 423, text: '{"error":"closed"}' });
      expect(await gateway.proxy(0, '/gated/open')).toMatchObject({ status: 200, text: 'hello', headers: { 'x-stamp': 'seen' } });

      await plugin('gated-gate', 'access_validator', { result: true });
      expect(await gateway.proxy(0, '/gated')).toMatchObject({ status: 200, headers: { 'x-stamp': 'seen' } });

      await plugin('gated-gate', 'access_validator', { result: 'perhaps' });
      expect(await gateway.proxy(0, '/gated')).toMatchObject({ status: 502, headers: { 'x-torii-error': 'plugin.bad_output' } });
      const off = {
        plugins: [
          { plugin: 'gated-gate', onError: 'skip' },
          { plugin: 'gated-stamp', enabled: false },
        ],
      };
      await gateway.must('PATCH', '/api/v1/routes/gated?wait=applied&timeout=60s', off);
      const answer = await gateway.proxy(0, '/gated');
      expect([answer.status, answer.text, answer.headers['x-stamp']]).toEqual([200, 'hello', undefined]);
    });
  });
}

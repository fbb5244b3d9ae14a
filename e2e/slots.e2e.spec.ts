import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answeringGuest } from '@torii/test-kit';
import { Gateway } from './a-gateway.js';

describe('plugins in the slots of a route', () => {
  const gateway = new Gateway(1);
  beforeAll(() => gateway.start());
  afterAll(() => gateway.stop());

  /** Makes a plugin, or its next version, that answers always the same. */
  async function plugin(name: string, kind: string, output: object): Promise<void> {
    const bytes = await answeringGuest(JSON.stringify(output));
    const { sha256 } = (await gateway.must('POST', '/api/v1/artifacts', bytes)).json;
    await gateway.must('PUT', `/api/v1/plugins/${name}?wait=applied`, { kind, source: { kind: 'artifact', sha256 }, functionName: 'run' });
  }

  it('are set, changed and switched off by REST, and each change is served', async () => {
    await plugin('answer', 'backend', { body_str: 'hello' });
    await plugin('gate', 'access_validator', { result: false, error: { message: 'closed', status: 423 } });
    await plugin('stamp', 'response_transformer', { headers: { 'x-stamp': 'seen' } });
    const route = {
      match: [{ paths: [{ type: 'prefix', value: '/gated' }] }],
      plugins: [{ plugin: 'stamp' }, { plugin: 'gate', exclude: ['/gated/open'] }],
      target: { kind: 'function', plugin: 'answer' },
    };
    await gateway.must('PUT', '/api/v1/routes/gated?wait=applied', route);
    expect(await gateway.proxy(0, '/gated')).toMatchObject({ status: 423, text: '{"error":"closed"}' });
    expect(await gateway.proxy(0, '/gated/open')).toMatchObject({ status: 200, text: 'hello', headers: { 'x-stamp': 'seen' } });

    await plugin('gate', 'access_validator', { result: true });
    expect(await gateway.proxy(0, '/gated')).toMatchObject({ status: 200, headers: { 'x-stamp': 'seen' } });

    await plugin('gate', 'access_validator', { result: 'perhaps' });
    expect(await gateway.proxy(0, '/gated')).toMatchObject({ status: 502, headers: { 'x-torii-error': 'plugin.bad_output' } });
    const off = {
      plugins: [
        { plugin: 'gate', onError: 'skip' },
        { plugin: 'stamp', enabled: false },
      ],
    };
    await gateway.must('PATCH', '/api/v1/routes/gated?wait=applied', off);
    const answer = await gateway.proxy(0, '/gated');
    expect([answer.status, answer.text, answer.headers['x-stamp']]).toEqual([200, 'hello', undefined]);
  });
});

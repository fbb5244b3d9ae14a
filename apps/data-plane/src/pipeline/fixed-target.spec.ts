import { describe, expect, it } from '@jest/globals';
import { fixedTarget } from './fixed-target.js';

describe('fixedTarget', () => {
  it('sends the headers of a static answer, but for those that are the gateway’s', () => {
    const headers = { 'X-A': '1', 'X-Request-Id': 'mine', 'proxy-connection': 'close', 'x-torii-error': 'plugin.trapped' };
    const { response } = fixedTarget({ kind: 'static', status: 200, headers, body: 'text' });
    expect(response.headers).toEqual({ 'x-a': '1', 'content-type': 'text/plain; charset=utf-8' });
  });
});

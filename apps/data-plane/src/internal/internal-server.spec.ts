import { afterEach, describe, expect, it } from '@jest/globals';
import { Secret } from '@torii/service-kit';
import { InternalServer } from './internal-server.js';

describe('InternalServer', () => {
  let server: InternalServer | undefined;
  afterEach(() => server?.close());

  async function listenOn(host: string): Promise<(path: string, token?: string) => Promise<number>> {
    server = new InternalServer({
      readiness: () => ({ isReady: true, checks: {} }),
      metrics: () => 'torii_revision 1\n',
      token: new Secret('a-token-for-tests-only'),
    });
    const port = await server.listen(host, 0);
    return async (path, token) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
      await response.arrayBuffer();
      return response.status;
    };
  }

  it('shows metrics to whoever is on the machine, when nobody else can reach it', async () => {
    const get = await listenOn('127.0.0.1');
    expect(await get('/metrics')).toBe(200);
  });

  it('shows metrics only for the node token where other machines can reach it, and health to everybody', async () => {
    const get = await listenOn('0.0.0.0');
    expect(await get('/metrics')).toBe(401);
    expect(await get('/metrics', 'another-token-altogether')).toBe(401);
    expect(await get('/metrics', 'a-token-for-tests-only')).toBe(200);
    expect(await get('/livez')).toBe(200);
    expect(await get('/readyz')).toBe(200);
  });
});

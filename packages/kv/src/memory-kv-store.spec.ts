import { describe, expect, it } from '@jest/globals';
import { describeKvStore } from '@torii/test-kit';
import { kvMaxKeys } from './kv-store.js';
import { MemoryKvStore } from './memory-kv-store.js';

describeKvStore('MemoryKvStore', ({ maxBytes, maxKeys }) => new MemoryKvStore(maxBytes, maxKeys));

describe('MemoryKvStore', () => {
  it('answers a read without a promise, so that a guest need not be suspended', () => {
    const store = new MemoryKvStore(100);
    void store.set('key', Uint8Array.of(1));
    expect(store.get('key')).toEqual(Uint8Array.of(1));
  });

  it('is bounded in keys unless told otherwise', async () => {
    const store = new MemoryKvStore(Number.MAX_SAFE_INTEGER);
    for (let index = 0; index < kvMaxKeys; index++) void store.set(index.toString(36), new Uint8Array(0));
    expect(await store.set('one more', new Uint8Array(0))).toBe('over_limit');
  });
});

import { describe, expect, it } from '@jest/globals';
import { describeKvStore } from '@torii/test-kit';
import { MemoryKvStore } from './memory-kv-store.js';

describeKvStore('MemoryKvStore', ({ maxBytes, maxKeys }) => new MemoryKvStore(maxBytes, maxKeys));

describe('MemoryKvStore', () => {
  it('answers a read without a promise, so that a guest need not be suspended', () => {
    const store = new MemoryKvStore(100);
    void store.set('key', Uint8Array.of(1));
    expect(store.get('key')).toEqual(Uint8Array.of(1));
  });
});

import type { KvPage, KvQuery, KvRefusal, KvStore, KvWrite, MaybePromise } from '@torii/kv';
import { whenThere } from './maybe-promise.js';

/** A store in which nothing lives longer than `ttlMaxMs` after it was last written by this user of it. */
export class TimedStore implements KvStore {
  constructor(
    private readonly inner: KvStore,
    private readonly ttlMaxMs: number,
  ) {}

  get isSynchronous(): boolean {
    return this.inner.isSynchronous;
  }

  get(key: string): MaybePromise<Uint8Array | undefined> {
    return this.inner.get(key);
  }

  exists(key: string): MaybePromise<boolean> {
    return this.inner.exists(key);
  }

  set(key: string, value: Uint8Array, write?: KvWrite): MaybePromise<KvRefusal | undefined> {
    return this.inner.set(key, value, this.timed(write));
  }

  setIfAbsent(key: string, value: Uint8Array, write?: KvWrite): MaybePromise<boolean | KvRefusal> {
    return this.inner.setIfAbsent(key, value, this.timed(write));
  }

  compareAndSet(key: string, expected: Uint8Array | undefined, value: Uint8Array, write?: KvWrite): MaybePromise<boolean | KvRefusal> {
    return this.inner.compareAndSet(key, expected, value, this.timed(write));
  }

  /** A sum that has no time to live yet, because it is new, gets one in a second step. */
  incrementBy(key: string, by: bigint): MaybePromise<bigint | KvRefusal> {
    return whenThere(this.inner.incrementBy(key, by), (sum) => {
      if (typeof sum !== 'bigint') return sum;
      return whenThere(this.inner.ttlMs(key), (leftMs) => {
        if (leftMs !== -1) return sum;
        return whenThere(this.inner.expire(key, this.ttlMaxMs), () => sum);
      });
    });
  }

  del(keys: readonly string[]): MaybePromise<number> {
    return this.inner.del(keys);
  }

  ttlMs(key: string): MaybePromise<number> {
    return this.inner.ttlMs(key);
  }

  expire(key: string, ttlMs: number): MaybePromise<boolean> {
    return this.inner.expire(key, Math.min(ttlMs, this.ttlMaxMs));
  }

  list(query: KvQuery): MaybePromise<KvPage> {
    return this.inner.list(query);
  }

  private timed(write: KvWrite = {}): KvWrite {
    return { ...write, ttlMs: Math.min(write.ttlMs ?? this.ttlMaxMs, this.ttlMaxMs) };
  }
}

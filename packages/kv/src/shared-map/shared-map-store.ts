import { AppError } from '@torii/contracts';
import { wholeTtlMs } from '../expiry.js';
import { integerMaxBytes, isInt64, parseInteger } from '../integer-text.js';
import type { KvPage, KvQuery, KvRefusal, KvStore, KvWrite } from '../kv-store.js';
import { kvValueMaxBytes } from '../kv-store.js';
import { isMap, type MapPlace } from './entry-chains.js';
import { entryWords, fillEntry, stampEntry } from './entry-writer.js';
import { entryAt, headerAt } from './layout.js';
import { listMap } from './list-map.js';
import { lruTickMs } from './map-room.js';
import type { TableParts } from './table-parts.js';

/** Larger values are copied outside the lock. */
const largeBytes = 64 * 1024;
const unlockedTries = 8;
const findMapTries = 3;
const nothing = new Uint8Array(0);

/** Up to where one user of a map may make it grow, when that is less than the map's own limits. */
export interface MapBounds {
  readonly maxBytes?: number;
  readonly maxKeys?: number;
}

type Accepts = (entry: number) => boolean;

/**
 * One map of a table, as one thread sees it. Not for two threads: each attaches to the table by itself.
 *
 * Reads take no lock; a read that meets a write of the same chain looks again. Every operation throws what `locate` throws
 * when there is no such map, and `capacity.overloaded` when other threads do not let it write for a second.
 */
export class SharedMapStore implements KvStore {
  readonly isSynchronous = true;
  private readonly bounds: Required<MapBounds>;
  private place: MapPlace = { map: 0, uid: 0 };

  constructor(
    private readonly parts: TableParts,
    private readonly locate: () => MapPlace,
    bounds: MapBounds = {},
  ) {
    this.bounds = { maxBytes: bounds.maxBytes ?? Number.POSITIVE_INFINITY, maxKeys: bounds.maxKeys ?? Number.POSITIVE_INFINITY };
  }

  get(key: string): Uint8Array | undefined {
    const value = this.read(key, (entry) => this.valueOf(entry));
    return value === 'large' ? this.getLarge(key) : value;
  }

  exists(key: string): boolean {
    return this.read(key, (entry) => entry !== 0);
  }

  ttlMs(key: string): number {
    return this.read(key, (entry) => {
      if (entry === 0) return -2;
      const expiresAtMs = this.parts.memory.float(entry + entryAt.expiresAt);
      return expiresAtMs === 0 ? -1 : Math.max(1, Math.ceil(expiresAtMs - this.parts.clock.nowMs()));
    });
  }

  set(key: string, value: Uint8Array, write: KvWrite = {}): KvRefusal | undefined {
    const outcome = this.write(key, value, write, () => true);
    return outcome === 'over_limit' ? outcome : undefined;
  }

  setIfAbsent(key: string, value: Uint8Array, write: KvWrite = {}): boolean | KvRefusal {
    return this.write(key, value, write, (entry) => entry === 0);
  }

  compareAndSet(key: string, expected: Uint8Array | undefined, value: Uint8Array, write: KvWrite = {}): boolean | KvRefusal {
    return this.write(key, value, write, (entry) => (expected === undefined ? entry === 0 : entry !== 0 && this.holds(entry, expected)));
  }

  incrementBy(key: string, by: bigint): bigint | KvRefusal {
    return this.locked<bigint | KvRefusal>(key, 'over_limit', (map, nowMs) => {
      const entry = this.live(map, nowMs);
      const before = entry === 0 ? 0n : this.integerOf(entry);
      if (before === undefined || !isInt64(by) || !isInt64(before + by)) return 'not_a_number';
      const expiresAtMs = entry === 0 ? 0 : this.parts.memory.float(entry + entryAt.expiresAt);
      const value = Buffer.from(String(before + by), 'latin1');
      return this.put({ map, entry, value, reserved: 0, expiresAtMs, nowMs }) ? before + by : 'over_limit';
    });
  }

  /** Each key by itself: between two of them another thread may write. */
  del(keys: readonly string[]): number {
    let deleted = 0;
    for (const key of keys) {
      deleted += this.locked(key, 0, (map, nowMs) => {
        const entry = this.live(map, nowMs);
        if (entry !== 0) this.parts.chains.remove(map, entry);
        return entry === 0 ? 0 : 1;
      });
    }
    return deleted;
  }

  expire(key: string, ttlMs: number): boolean {
    return this.locked(key, false, (map, nowMs) => {
      const { memory, journal, chains } = this.parts;
      const entry = this.live(map, nowMs);
      if (entry === 0) return false;
      if (ttlMs < 1) {
        chains.remove(map, entry);
        return true;
      }
      journal.open(chains.versionAt(map, this.parts.key.hash), 1);
      if (memory.float(entry + entryAt.expiresAt) === 0) journal.add(map + headerAt.expiring, 1);
      journal.putFloat(entry + entryAt.expiresAt, nowMs + wholeTtlMs(ttlMs));
      journal.commit();
      return true;
    });
  }

  list(query: KvQuery): KvPage {
    this.find();
    return listMap(this.parts, this.place, query, (key) => this.get(key));
  }

  private find(): number {
    if (!isMap(this.parts.memory, this.place.map, this.place.uid)) this.place = this.locate();
    return this.place.map;
  }

  /** `look` gets 0 when there is no such key; it may see torn bytes, and its answer is then thrown away. */
  private read<T>(key: string, look: (entry: number) => T): T {
    const { memory, chains } = this.parts;
    for (let tries = 0; tries < unlockedTries; tries++) {
      const map = this.find();
      if (!this.parts.key.encode(key)) return look(0);
      const versionAt = chains.versionAt(map, this.parts.key.hash);
      const version = Atomics.load(memory.words, versionAt);
      if ((version & 1) === 1) continue;
      const entry = chains.find(map, this.parts.key);
      const isLive = entry !== 0 && this.isLive(entry);
      const answer = look(isLive ? entry : 0);
      const usedTick = memory.word(entry + entryAt.usedTick);
      const isSame = isMap(memory, map, this.place.uid);
      memory.fence();
      if (!isSame || Atomics.load(memory.words, versionAt) !== version) continue;
      if (isLive && memory.word(map + headerAt.isLru) !== 0) this.touch(map, usedTick);
      return answer;
    }
    return this.locked(key, look(0), (map, nowMs) => look(this.live(map, nowMs)));
  }

  /** Notes that the key was used, unless that is known already or another thread writes. */
  private touch(map: number, usedTick: number): void {
    const { memory, chains, lock } = this.parts;
    const tick = this.tickAt(this.parts.clock.nowMs());
    if (usedTick === tick || !lock.tryEnter()) return;
    try {
      const entry = isMap(memory, map, this.place.uid) ? chains.find(map, this.parts.key) : 0;
      if (entry !== 0) memory.words[entry + entryAt.usedTick] = tick;
    } finally {
      lock.leave();
    }
  }

  /** Carries out a write under the lock; answers `tooLong` for what cannot be a key. */
  private locked<T>(key: string, tooLong: T, run: (map: number, nowMs: number) => T): T {
    const { memory, lock, room } = this.parts;
    for (let tries = 0; tries < findMapTries; tries++) {
      const map = this.find();
      if (!this.parts.key.encode(key)) return tooLong;
      const nowMs = this.parts.clock.nowMs();
      lock.enter();
      try {
        if (isMap(memory, map, this.place.uid)) {
          room.sweepSome(map, nowMs);
          return run(map, nowMs);
        }
      } finally {
        lock.leave();
      }
    }
    throw new AppError('capacity.overloaded', { detail: 'the map is opened and dropped all the time' });
  }

  private write(key: string, value: Uint8Array, write: KvWrite, accepts: Accepts): boolean | 'over_limit' {
    if (value.length > kvValueMaxBytes) return 'over_limit';
    const reserved = value.length > largeBytes ? this.reserve(key, value) : 0;
    return this.locked<boolean | 'over_limit'>(key, 'over_limit', (map, nowMs) => {
      const entry = this.live(map, nowMs);
      const expiresAtMs = write.ttlMs === undefined ? 0 : nowMs + wholeTtlMs(write.ttlMs);
      const isAccepted = accepts(entry);
      const isDone = isAccepted && this.put({ map, entry, value, reserved, expiresAtMs, nowMs });
      if (!isDone && reserved !== 0) this.parts.holdings.giveBack(this.parts.memory.threadIndex);
      return isAccepted ? isDone || 'over_limit' : false;
    });
  }

  /** Copies a large value into a block before it is needed, so that nobody has to wait for that; 0 when there is no room. */
  private reserve(key: string, value: Uint8Array): number {
    const { memory, room, holdings } = this.parts;
    const block = this.locked(key, 0, (map, nowMs) => {
      if (this.parts.key.length + value.length > memory.float(map + headerAt.maxBytes)) return 0;
      const words = entryWords(this.parts.key.length, value.length);
      let found = holdings.reserve(words);
      for (let round = 0; found === 0 && room.giveUpOne(map, 0, round, nowMs); round++) found = holdings.reserve(words);
      return found;
    });
    if (block !== 0) fillEntry(memory, block, this.parts.key, value, { expiresAtMs: 0, usedTick: 0 });
    return block;
  }

  /** False when there is no room; nothing has changed then, but for what was pushed out in vain. */
  private put(entryToBe: {
    readonly map: number;
    readonly entry: number;
    readonly value: Uint8Array;
    readonly reserved: number;
    readonly expiresAtMs: number;
    readonly nowMs: number;
  }): boolean {
    const { memory, journal, chains, blocks, room, holdings, key } = this.parts;
    const { map, entry, value, expiresAtMs, nowMs } = entryToBe;
    const addedBytes = key.length + value.length - (entry === 0 ? 0 : chains.sizeOf(entry));
    if (!room.makeFor(map, { ...this.bounds, bytes: addedBytes, keys: entry === 0 ? 1 : 0, kept: entry }, nowMs)) return false;
    const stamp = { expiresAtMs, usedTick: memory.word(map + headerAt.isLru) === 0 ? 0 : this.tickAt(nowMs) };
    let block = entryToBe.reserved;
    if (block === 0) {
      const words = entryWords(key.length, value.length);
      block = blocks.allocate(words);
      for (let round = 0; block === 0; round++) {
        if (!room.giveUpOne(map, entry, round, nowMs)) return false;
        block = blocks.allocate(words);
      }
      fillEntry(memory, block, key, value, stamp);
    } else {
      stampEntry(memory, block, stamp);
      holdings.handOver();
    }
    chains.link(map, block, entry);
    journal.commit();
    chains.grow(map);
    return true;
  }

  /** The entry of the key; one that has expired is removed. */
  private live(map: number, nowMs: number): number {
    const { memory, chains, key } = this.parts;
    const entry = chains.find(map, key);
    if (entry === 0) return 0;
    const expiresAtMs = memory.float(entry + entryAt.expiresAt);
    if (expiresAtMs === 0 || expiresAtMs > nowMs) return entry;
    chains.remove(map, entry);
    return 0;
  }

  // Most entries live for ever, and reading the clock costs a third of a read.
  private isLive(entry: number): boolean {
    const expiresAtMs = this.parts.memory.float(entry + entryAt.expiresAt);
    return expiresAtMs === 0 || expiresAtMs > this.parts.clock.nowMs();
  }

  private valueOf(entry: number): Uint8Array | undefined | 'large' {
    if (entry === 0) return undefined;
    return this.parts.memory.word(entry + entryAt.valueBytes) > largeBytes ? 'large' : this.copyOf(entry);
  }

  private copyOf(entry: number): Uint8Array {
    const { memory, chains } = this.parts;
    const from = chains.valueFrom(entry);
    const length = memory.word(entry + entryAt.valueBytes);
    return memory.isWithin(from, length) ? memory.copyOf(from, length) : nothing;
  }

  /** Undefined when it is none; what is too long to be one is not copied, because others wait meanwhile. */
  private integerOf(entry: number): bigint | undefined {
    return this.parts.memory.word(entry + entryAt.valueBytes) > integerMaxBytes ? undefined : parseInteger(this.copyOf(entry));
  }

  /** Holds the entry while it is copied, so that writers need not wait for a large one. */
  private getLarge(key: string): Uint8Array | undefined {
    const { memory, holdings, lock } = this.parts;
    const entry = this.locked(key, 0, (map, nowMs) => {
      const found = this.live(map, nowMs);
      if (found !== 0) holdings.pin(found);
      return found;
    });
    if (entry === 0) return undefined;
    const value = this.copyOf(entry);
    lock.enter();
    try {
      holdings.giveBack(memory.threadIndex);
    } finally {
      lock.leave();
    }
    return value;
  }

  private holds(entry: number, expected: Uint8Array): boolean {
    const { memory, chains } = this.parts;
    if (memory.word(entry + entryAt.valueBytes) !== expected.length) return false;
    const from = chains.valueFrom(entry);
    return Buffer.compare(memory.bytes.subarray(from, from + expected.length), expected) === 0;
  }

  private tickAt(nowMs: number): number {
    return Math.floor(nowMs / lruTickMs) | 0;
  }
}

import { KeyMatcher } from '../key-matcher.js';
import { type KvPage, type KvQuery, kvListMaxVisited } from '../kv-store.js';
import { PageBuilder } from '../page-builder.js';
import type { KvConnection } from './kv-connection.js';
import { existScript } from './store-scripts.js';

/** Of the keys looked at, in one round trip. */
const scanCount = 2_000;
/** Of the keys found: their number, and the bytes of their values, in one round trip. */
const fetchMaxKeys = 500;
const fetchMaxBytes = 1024 * 1024;
const timeoutFactor = 4;
const nothing = new Uint8Array(0);

interface Place {
  /** The hash from keys to sizes. */
  readonly sizes: string;
  /** Where a key's value is. */
  readonly at: (key: string) => string;
}

/**
 * Goes through the keys of a store. They are matched here, not by Redis: a pattern made to be slow then costs this thread
 * a bounded time, and Redis, which serves everybody, nothing.
 */
export async function listRedis(connection: KvConnection, place: Place, query: KvQuery): Promise<KvPage> {
  const matcher = new KeyMatcher(query);
  const page = new PageBuilder(query);
  const found = new FoundKeys(connection, place, query.withValues, page);
  const deadlineMs = connection.clock.nowMs() + timeoutFactor * connection.timeoutMs;
  let cursor = '0';
  let visited = 0;
  do {
    const [next, fields] = await connection.run((redis) => redis.hscanBuffer(place.sizes, cursor, 'COUNT', scanCount));
    cursor = next.toString();
    for (let at = 0; at + 1 < fields.length && !page.isFull; at += 2) {
      const key = fields[at];
      if (key === undefined || !matcher.matches(key, 0, key.length)) continue;
      found.add(key.toString(), Number(fields[at + 1]));
      if (found.isLarge) await found.fetch();
    }
    visited += fields.length / 2;
    await found.fetch();
    if (visited > kvListMaxVisited || matcher.isExhausted || connection.clock.nowMs() > deadlineMs) {
      if (cursor !== '0' || matcher.isExhausted) page.cut();
    }
  } while (cursor !== '0' && !page.isFull);
  return page.build();
}

/** Keys that matched, until it is known whether they are still there: what has expired may still be counted. */
class FoundKeys {
  private keys: string[] = [];
  private bytes = 0;

  constructor(
    private readonly connection: KvConnection,
    private readonly place: Place,
    private readonly withValues: boolean,
    private readonly page: PageBuilder,
  ) {}

  add(key: string, bytes: number): void {
    if (this.page.has(key)) return;
    this.keys.push(key);
    this.bytes += this.withValues ? bytes : 0;
  }

  get isLarge(): boolean {
    return this.keys.length >= fetchMaxKeys || this.bytes >= fetchMaxBytes;
  }

  async fetch(): Promise<void> {
    const keys = this.keys;
    if (keys.length === 0) return;
    this.keys = [];
    this.bytes = 0;
    const values = await this.valuesOf(keys);
    keys.forEach((key, index) => {
      const value = values[index];
      if (value !== undefined) this.page.add(key, value);
    });
  }

  private async valuesOf(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const places = keys.map((key) => this.place.at(key));
    if (this.withValues) {
      const values = await this.connection.run((redis) => redis.mgetBuffer(places));
      return values.map((value) => (value === null ? undefined : new Uint8Array(value)));
    }
    const there = (await this.connection.run((redis) => existScript.run(redis, places, []))) as number[];
    return there.map((isThere) => (isThere === 1 ? nothing : undefined));
  }
}

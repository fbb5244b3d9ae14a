import { KeyMatcher } from '../key-matcher.js';
import { type KvPage, type KvQuery, kvKeyMaxBytes, kvListMaxVisited } from '../kv-store.js';
import { PageBuilder } from '../page-builder.js';
import { isMap, type MapPlace } from './entry-chains.js';
import { bytesPerWord, entryAt } from './layout.js';
import type { TableParts } from './table-parts.js';

const unlockedTries = 4;
const chainMax = 4_096;
const nothing = new Uint8Array(0);

/** Goes through a map bucket by bucket; writers go on meanwhile. Stops when the map is dropped. */
export function listMap(parts: TableParts, { map, uid }: MapPlace, query: KvQuery, readValue: (key: string) => Uint8Array | undefined): KvPage {
  const matcher = new KeyMatcher(query);
  const page = new PageBuilder(query);
  let visited = 0;
  // A bucket that is split meanwhile gives entries to a bucket behind it, where they are met again, never missed.
  for (let bucket = 0; bucket < parts.chains.bucketCount(map) && !page.isFull; bucket++) {
    const found = keysIn(parts, map, bucket, matcher);
    // Its header may be another map's by now, and so may the keys.
    if (!isMap(parts.memory, map, uid)) {
      page.cut();
      break;
    }
    visited += found.visited;
    for (const key of found.keys) {
      if (page.has(key)) continue;
      const value = query.withValues ? readValue(key) : nothing;
      if (value !== undefined) page.add(key, value);
    }
    if (visited > kvListMaxVisited || matcher.isExhausted) page.cut();
  }
  return page.build();
}

interface FoundKeys {
  readonly keys: readonly string[];
  readonly visited: number;
}

function keysIn(parts: TableParts, map: number, bucket: number, matcher: KeyMatcher): FoundKeys {
  const { memory, chains, lock } = parts;
  const versionAt = chains.versionAt(map, bucket);
  for (let tries = 0; tries < unlockedTries; tries++) {
    const version = Atomics.load(memory.words, versionAt);
    if ((version & 1) === 1) continue;
    const found = look(parts, map, bucket, matcher);
    memory.fence();
    if (Atomics.load(memory.words, versionAt) === version) return found;
  }
  lock.enter();
  try {
    return bucket < chains.bucketCount(map) ? look(parts, map, bucket, matcher) : { keys: [], visited: 0 };
  } finally {
    lock.leave();
  }
}

function look({ memory, chains, clock }: TableParts, map: number, bucket: number, matcher: KeyMatcher): FoundKeys {
  const keys: string[] = [];
  let visited = 0;
  let entry = memory.word(chains.bucketAt(map, bucket));
  for (; entry !== 0 && visited < chainMax && memory.isBlock(entry); entry = memory.word(entry + entryAt.next)) {
    visited += 1;
    const from = (entry + entryAt.key) * bytesPerWord;
    const length = memory.word(entry + entryAt.keyBytes);
    if (length > kvKeyMaxBytes || !memory.isWithin(from, length) || !matcher.matches(memory.bytes, from, length)) continue;
    const expiresAtMs = memory.float(entry + entryAt.expiresAt);
    if (expiresAtMs === 0 || expiresAtMs > clock.nowMs()) keys.push(memory.textAt(from, length));
  }
  return { keys, visited };
}

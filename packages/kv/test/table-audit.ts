import {
  arenaAt,
  blockAt,
  deadFlag,
  entryAt,
  freeListsAt,
  headerAt,
  maxSegments,
  maxThreads,
  sizeClasses,
  sizeSteps,
  tableAt,
  threadAt,
  threadSlotAt,
} from '../src/shared-map/layout.js';
import type { TableParts } from '../src/shared-map/table-parts.js';

/**
 * Walks through a whole table and throws when anything in it contradicts anything else: blocks that overlap or leak, free
 * lists that miss one, entries in the wrong chain, sums that are off. Nobody may write meanwhile.
 */
export function auditTable(parts: TableParts): void {
  const { memory, journal, chains } = parts;
  check(!journal.isDirty, 'a transaction is open');
  const blocks = blocksOf(parts);
  const owned = new Set<number>();
  const own = (block: number, what: string): void => {
    check(blocks.get(block) === 'used', `${what} at ${block} is no block in use`);
    check(!owned.has(block), `${what} at ${block} belongs to two`);
    owned.add(block);
  };
  const root = memory.word(tableAt.root);
  own(root, 'the root');
  for (const map of [root, ...mapsOf(parts, root)]) {
    if (map !== root) own(map, 'a map');
    let keys = 0;
    let bytes = 0;
    let expiring = 0;
    for (let bucket = 0; bucket < chains.bucketCount(map); bucket++) {
      for (let entry = memory.word(chains.bucketAt(map, bucket)); entry !== 0; entry = memory.word(entry + entryAt.next)) {
        own(entry, 'an entry');
        const whole = 1 << (31 - Math.clz32(chains.bucketCount(map)));
        const hashed = memory.word(entry + entryAt.hash) & (2 * whole - 1);
        check((hashed < chains.bucketCount(map) ? hashed : hashed - whole) === bucket, 'an entry is in the wrong bucket');
        check((memory.word(entry + entryAt.pins) & deadFlag) === 0, 'a dead entry is in a chain');
        keys += 1;
        bytes += chains.sizeOf(entry);
        if (memory.float(entry + entryAt.expiresAt) !== 0) expiring += 1;
      }
    }
    check(memory.word(map + headerAt.keys) === keys, `${keys} keys are counted as ${memory.word(map + headerAt.keys)}`);
    check(memory.float(map + headerAt.usedBytes) === bytes, `${bytes} bytes are counted as ${memory.float(map + headerAt.usedBytes)}`);
    check(memory.word(map + headerAt.expiring) === expiring, 'entries with a time to live are not counted right');
    for (let segment = 0; segment < maxSegments; segment++) {
      const block = memory.word(map + headerAt.segments + segment);
      if (block !== 0) own(block, 'a segment');
    }
    for (let version = 0; version < 64; version++) check((memory.word(map + headerAt.versions + version) & 1) === 0, 'a version is odd');
  }
  for (let header = memory.word(tableAt.freeHeaders); header !== 0; header = memory.word(header + headerAt.nextHeader)) own(header, 'a free header');
  for (let thread = 0; thread < maxThreads; thread++) {
    const reserved = memory.word(threadSlotAt(thread) + threadAt.reserved);
    const pinned = memory.word(threadSlotAt(thread) + threadAt.pinned);
    if (reserved !== 0) own(reserved, 'a reserved block');
    if (pinned !== 0 && (memory.word(pinned + entryAt.pins) & deadFlag) !== 0) own(pinned, 'a dead entry');
  }
  const leaked = [...blocks].filter(([block, state]) => state === 'used' && !owned.has(block));
  check(leaked.length === 0, `${leaked.length} blocks belong to nobody`);
}

/** All blocks of the arena in their order, each in use or free. */
function blocksOf({ memory }: TableParts): Map<number, 'used' | 'free'> {
  const blocks = new Map<number, 'used' | 'free'>();
  let at = arenaAt;
  let previous = 0;
  let wasFree = false;
  let freeWords = 0;
  for (;;) {
    const header = memory.word(at);
    check(((header & 2) !== 0) === wasFree, 'a block is wrong about the one before it');
    if (at !== arenaAt) check(memory.word(at + blockAt.previous) === previous, 'a block does not know the one before it');
    const size = header & ~3;
    if (size === 0) break;
    const isFree = (header & 1) !== 0;
    check(!(isFree && wasFree), 'two free blocks lie side by side');
    blocks.set(at, isFree ? 'free' : 'used');
    if (isFree) freeWords += size;
    previous = at;
    wasFree = isFree;
    at += size;
  }
  check(memory.word(tableAt.freeWords) === freeWords, 'free words are not counted right');
  const listed = new Set<number>();
  for (let list = freeListsAt; list < freeListsAt + sizeClasses * sizeSteps; list++) {
    for (let block = memory.word(list); block !== 0; block = memory.word(block + blockAt.nextFree)) {
      check(blocks.get(block) === 'free' && !listed.has(block), 'a free list is wrong');
      listed.add(block);
    }
  }
  check(listed.size === [...blocks.values()].filter((state) => state === 'free').length, 'a free block is in no list');
  return blocks;
}

function mapsOf({ memory, chains }: TableParts, root: number): number[] {
  const maps: number[] = [];
  for (let bucket = 0; bucket < chains.bucketCount(root); bucket++) {
    for (let entry = memory.word(chains.bucketAt(root, bucket)); entry !== 0; entry = memory.word(entry + entryAt.next)) {
      const from = chains.valueFrom(entry);
      maps.push(Buffer.from(memory.bytes.slice(from, from + 4)).readInt32BE());
    }
  }
  return maps;
}

function check(isRight: boolean, problem: string): void {
  if (!isRight) throw new Error(problem);
}

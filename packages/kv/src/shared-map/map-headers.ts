import type { BlockAllocator } from './block-allocator.js';
import type { Journal } from './journal.js';
import { firstBuckets, headerAt, headerWords, tableAt } from './layout.js';
import type { TableMemory } from './table-memory.js';

export interface MapLimits {
  /** Keys and values. */
  readonly maxBytes: number;
  readonly maxKeys: number;
  /** What happens at a limit: `refuse` the write, or make room by removing what was not used for longest. */
  readonly policy: 'refuse' | 'lru';
}

/**
 * The headers of maps. A header's memory is never used for anything else: a thread that still has the address of a map
 * that was dropped finds another number there, not another kind of thing. Everything here needs the lock.
 */
export class MapHeaders {
  constructor(
    private readonly memory: TableMemory,
    private readonly journal: Journal,
    private readonly blocks: BlockAllocator,
  ) {}

  /** The address of an empty map without room; 0 when the table is full. */
  create(): number {
    const { words } = this.memory;
    let header = this.memory.word(tableAt.freeHeaders);
    if (header !== 0) {
      this.journal.put(tableAt.freeHeaders, this.memory.word(header + headerAt.nextHeader));
    } else {
      header = this.blocks.allocate(headerWords);
      if (header === 0) return 0;
      words.fill(0, header + headerAt.uid, header + headerWords);
    }
    words[header + headerAt.buckets] = firstBuckets;
    const uid = this.memory.word(tableAt.lastUid) + 1;
    this.journal.put(tableAt.lastUid, uid);
    this.journal.put(header + headerAt.uid, uid);
    this.journal.commit();
    return header;
  }

  setLimits(header: number, limits: MapLimits): void {
    this.memory.setFloat(header + headerAt.maxBytes, limits.maxBytes);
    this.memory.words[header + headerAt.maxKeys] = Math.min(limits.maxKeys, 2 ** 31 - 1);
    this.memory.words[header + headerAt.isLru] = limits.policy === 'lru' ? 1 : 0;
  }

  /** From now on nobody finds the map under its number. */
  retire(header: number): void {
    this.journal.put(header + headerAt.uid, 0);
    this.journal.commit();
  }

  /** Keeps the header of an emptied map for the next one. */
  recycle(header: number): void {
    this.journal.put(header + headerAt.nextHeader, this.memory.word(tableAt.freeHeaders));
    this.journal.put(tableAt.freeHeaders, header);
    this.journal.commit();
  }
}

import type { BlockAllocator } from './block-allocator.js';
import type { Journal } from './journal.js';
import { deadFlag, entryAt, threadAt, threadSlotAt } from './layout.js';
import type { TableMemory } from './table-memory.js';

/**
 * What threads hold outside the lock while they copy large values: one block to fill, one entry to read. It is written
 * down in the table, so that it can be given back for a thread that died. Every method needs the lock and is a transaction.
 */
export class ThreadHoldings {
  constructor(
    private readonly memory: TableMemory,
    private readonly journal: Journal,
    private readonly blocks: BlockAllocator,
  ) {}

  /** A block for this thread alone; 0 when there is none. */
  reserve(words: number): number {
    this.giveBack(this.memory.threadIndex);
    const block = this.blocks.allocate(words);
    if (block !== 0) this.journal.put(this.memory.slot + threadAt.reserved, block);
    this.journal.commit();
    return block;
  }

  /** The reserved block goes into a map. Part of the caller's transaction. */
  handOver(): void {
    this.journal.put(this.memory.slot + threadAt.reserved, 0);
  }

  /** The entry stays readable until it is given back, even when it is replaced or deleted. */
  pin(entry: number): void {
    this.giveBack(this.memory.threadIndex);
    this.journal.add(entry + entryAt.pins, 1);
    this.journal.put(this.memory.slot + threadAt.pinned, entry);
    this.journal.commit();
  }

  /** Frees whatever the thread holds. */
  giveBack(threadIndex: number): void {
    const slot = threadSlotAt(threadIndex);
    const block = this.memory.word(slot + threadAt.reserved);
    if (block !== 0) {
      this.journal.put(slot + threadAt.reserved, 0);
      this.blocks.free(block);
      this.journal.commit();
    }
    const entry = this.memory.word(slot + threadAt.pinned);
    if (entry !== 0) {
      const pins = this.memory.word(entry + entryAt.pins) - 1;
      this.journal.put(slot + threadAt.pinned, 0);
      if (pins === deadFlag) this.blocks.free(entry);
      else this.journal.put(entry + entryAt.pins, pins);
      this.journal.commit();
    }
  }
}

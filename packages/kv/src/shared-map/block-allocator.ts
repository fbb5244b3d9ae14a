import type { Journal } from './journal.js';
import { arenaAt, blockAt, freeListsAt, sizeClasses, sizeMapAt, sizeSteps, stepMapsAt, tableAt } from './layout.js';
import type { TableMemory } from './table-memory.js';

/** Sizes are multiples of this many words, which is 16 bytes. */
const grain = 4;
const freeFlag = 1;
const previousFreeFlag = 2;
const sizeMask = ~3;
const stepBits = 4;

/**
 * Blocks of any size in one arena, found and given back in constant time, under the lock and in a transaction.
 *
 * TLSF (Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory allocator for real-time systems", ECRTS 2004): free
 * blocks are kept in lists by size, 16 lists for each power of two, and two levels of bit maps say which lists are not
 * empty. A block that is given back is joined with free neighbours at once. What is lost inside a block is below 16 bytes;
 * a list may pass over a free block that is at most 1/16 too small for its class; what scattered blocks cost beyond that
 * depends on the order of sizes: less than a fifth in the table's spec, with sizes from 16 bytes to 32 KiB that come and go.
 */
export class BlockAllocator {
  constructor(
    private readonly memory: TableMemory,
    private readonly journal: Journal,
  ) {}

  /** Makes the whole arena one free block. Once for a table, before anybody else sees it. */
  format(): void {
    const { words } = this.memory;
    const size = (words.length - arenaAt - grain) & sizeMask;
    words[arenaAt] = size | freeFlag;
    // The end, which is never free, saves asking whether there is a next block.
    words[arenaAt + size] = 0;
    words[arenaAt + size + blockAt.previous] = arenaAt;
    this.setPreviousFree(arenaAt + size, previousFreeFlag);
    this.link(arenaAt, size);
    this.journal.commit();
  }

  get freeBytes(): number {
    return this.memory.word(tableAt.freeWords) * 4;
  }

  /**
   * The address of a block of that many words, its own two included; 0 when there is none. The words from the third on hold
   * anything, and the caller may overwrite them without the journal.
   */
  allocate(words: number): number {
    const size = (Math.max(words, grain) + grain - 1) & sizeMask;
    const block = this.findFree(size);
    if (block === 0) return 0;
    const found = this.sizeOf(block);
    this.unlink(block, found);
    const rest = found - size;
    if (rest >= grain) {
      const restAt = block + size;
      this.journal.put(restAt, rest | freeFlag);
      this.journal.put(restAt + blockAt.previous, block);
      this.journal.put(restAt + rest + blockAt.previous, restAt);
      this.link(restAt, rest);
      this.journal.put(block, size | (this.memory.word(block) & previousFreeFlag));
    } else {
      this.journal.put(block, found | (this.memory.word(block) & previousFreeFlag));
      this.setPreviousFree(block + found, 0);
    }
    return block;
  }

  free(block: number): void {
    const header = this.memory.word(block);
    let at = block;
    let size = header & sizeMask;
    if ((header & previousFreeFlag) !== 0) {
      at = this.memory.word(block + blockAt.previous);
      const before = this.sizeOf(at);
      this.unlink(at, before);
      size += before;
    }
    const next = at + size;
    const nextHeader = this.memory.word(next);
    if ((nextHeader & freeFlag) !== 0) {
      this.unlink(next, nextHeader & sizeMask);
      size += nextHeader & sizeMask;
    }
    // Two free blocks never lie side by side, so the one before it is in use.
    this.journal.put(at, size | freeFlag);
    this.journal.put(at + size + blockAt.previous, at);
    this.setPreviousFree(at + size, previousFreeFlag);
    this.link(at, size);
  }

  private sizeOf(block: number): number {
    return this.memory.word(block) & sizeMask;
  }

  private setPreviousFree(block: number, flag: number): void {
    this.journal.put(block, (this.memory.word(block) & ~previousFreeFlag) | flag);
  }

  private findFree(size: number): number {
    const grains = size / grain;
    // Rounded up to the next list, every block of which is large enough: no list is searched.
    const wanted = grains < sizeSteps ? grains : grains + (1 << (highestBit(grains) - stepBits)) - 1;
    let sizeClass = classOf(wanted);
    if (sizeClass >= sizeClasses) return 0;
    let steps = this.memory.word(stepMapsAt + sizeClass) & (-1 << stepOf(wanted, sizeClass));
    if (steps === 0) {
      const larger = sizeClass === sizeClasses - 1 ? 0 : this.memory.word(sizeMapAt) & (-1 << (sizeClass + 1));
      if (larger === 0) return 0;
      sizeClass = lowestBit(larger);
      steps = this.memory.word(stepMapsAt + sizeClass);
    }
    return this.memory.word(freeListsAt + sizeClass * sizeSteps + lowestBit(steps));
  }

  private link(block: number, size: number): void {
    const sizeClass = classOf(size / grain);
    const step = stepOf(size / grain, sizeClass);
    const list = freeListsAt + sizeClass * sizeSteps + step;
    const first = this.memory.word(list);
    this.journal.put(block + blockAt.nextFree, first);
    this.journal.put(block + blockAt.previousFree, 0);
    if (first !== 0) this.journal.put(first + blockAt.previousFree, block);
    this.journal.put(list, block);
    if (first === 0) {
      this.journal.put(stepMapsAt + sizeClass, this.memory.word(stepMapsAt + sizeClass) | (1 << step));
      this.journal.put(sizeMapAt, this.memory.word(sizeMapAt) | (1 << sizeClass));
    }
    this.journal.add(tableAt.freeWords, size);
  }

  private unlink(block: number, size: number): void {
    const next = this.memory.word(block + blockAt.nextFree);
    const previous = this.memory.word(block + blockAt.previousFree);
    // Whoever gets the block overwrites its links; undoing that needs them back.
    this.journal.note(block + blockAt.nextFree);
    this.journal.note(block + blockAt.previousFree);
    if (next !== 0) this.journal.put(next + blockAt.previousFree, previous);
    if (previous === 0) this.unlinkFirst(next, size);
    else this.journal.put(previous + blockAt.nextFree, next);
    this.journal.add(tableAt.freeWords, -size);
  }

  private unlinkFirst(next: number, size: number): void {
    const sizeClass = classOf(size / grain);
    const step = stepOf(size / grain, sizeClass);
    this.journal.put(freeListsAt + sizeClass * sizeSteps + step, next);
    if (next !== 0) return;
    const steps = this.memory.word(stepMapsAt + sizeClass) & ~(1 << step);
    this.journal.put(stepMapsAt + sizeClass, steps);
    if (steps === 0) this.journal.put(sizeMapAt, this.memory.word(sizeMapAt) & ~(1 << sizeClass));
  }
}

/** Class 0 holds all sizes below 16 grains, one list each. */
function classOf(grains: number): number {
  return grains < sizeSteps ? 0 : highestBit(grains) - stepBits + 1;
}

function stepOf(grains: number, sizeClass: number): number {
  return sizeClass === 0 ? grains : (grains >> (highestBit(grains) - stepBits)) & (sizeSteps - 1);
}

function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

function lowestBit(value: number): number {
  return 31 - Math.clz32(value & -value);
}

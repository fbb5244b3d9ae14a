import type { Clock } from '@torii/service-kit';
import { BlockAllocator } from './block-allocator.js';
import { EntryChains } from './entry-chains.js';
import { Journal } from './journal.js';
import { KeyBytes } from './key-bytes.js';
import { MapRoom } from './map-room.js';
import { TableMemory } from './table-memory.js';
import { ThreadHoldings } from './thread-holdings.js';
import { WriteLock } from './write-lock.js';

/** What one thread needs to work on a table; its stores share it. */
export interface TableParts {
  readonly memory: TableMemory;
  readonly journal: Journal;
  readonly lock: WriteLock;
  readonly blocks: BlockAllocator;
  readonly chains: EntryChains;
  readonly room: MapRoom;
  readonly holdings: ThreadHoldings;
  readonly key: KeyBytes;
  /** Tells the same time to every thread. */
  readonly clock: Pick<Clock, 'nowMs'>;
}

export function partsOf(buffer: SharedArrayBuffer, threadIndex: number, clock: Pick<Clock, 'nowMs'>): TableParts {
  const memory = new TableMemory(buffer, threadIndex);
  const journal = new Journal(memory);
  const blocks = new BlockAllocator(memory, journal);
  const chains = new EntryChains(memory, journal, blocks);
  return {
    memory,
    journal,
    lock: new WriteLock(memory, journal),
    blocks,
    chains,
    room: new MapRoom(memory, chains),
    holdings: new ThreadHoldings(memory, journal, blocks),
    key: new KeyBytes(memory),
    clock,
  };
}

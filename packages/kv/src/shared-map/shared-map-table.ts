import { randomFillSync } from 'node:crypto';
import { AppError } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import { kvMaxKeys } from '../kv-store.js';
import type { MapPlace } from './entry-chains.js';
import { headerAt, maxThreads, tableAt } from './layout.js';
import { MapHeaders, type MapLimits } from './map-headers.js';
import { nodeClock } from './node-clock.js';
import { type MapBounds, SharedMapStore } from './shared-map-store.js';
import { partsOf, type TableParts } from './table-parts.js';

const format = 1;
const mainIndex = maxThreads - 1;
const minBytes = 256 * 1024;
/** Entries and buckets at a time when a map is dropped, so that writers of other maps get their turn. */
const dropStep = 256;

export interface SharedMapTableOptions {
  /** Must tell the same time to every thread of the table; the node's own when left out. */
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/**
 * All maps in memory of a node, in one SharedArrayBuffer that every thread reads and writes directly.
 *
 * A write is seen by every thread when it returns, and there is one order of all writes. The thread that created the table
 * opens and drops maps; the others attach, each under a number of its own. A thread may end at any moment: what it was
 * writing is undone by the next writer once `recover` was called for it, and what it had written stays.
 */
export class SharedMapTable {
  private readonly headers: MapHeaders;
  private readonly directory: SharedMapStore;
  private readonly opened = new Map<string, number>();

  private constructor(
    readonly buffer: SharedArrayBuffer,
    private readonly parts: TableParts,
  ) {
    this.headers = new MapHeaders(parts.memory, parts.journal, parts.blocks);
    this.directory = new SharedMapStore(parts, () => this.rootPlace());
  }

  /** Memory is reserved, and taken from the system as it is used. Throws RangeError when the system does not give as much. */
  static create(bytes: number, options: SharedMapTableOptions = {}): SharedMapTable {
    if (bytes < minBytes) throw new RangeError(`a table of maps needs at least ${minBytes} bytes`);
    const buffer = new SharedArrayBuffer(Math.floor(bytes / 16) * 16);
    const words = new Int32Array(buffer);
    words.set(randomFillSync(new Int32Array(2)), tableAt.seed0); // before the parts read it
    const table = new SharedMapTable(buffer, partsOf(buffer, mainIndex, options.clock ?? nodeClock));
    table.format();
    return table;
  }

  /** For a worker thread; no two that live at the same time may have the same index, from 0 on. */
  static attach(buffer: SharedArrayBuffer, threadIndex: number, options: SharedMapTableOptions = {}): SharedMapTable {
    if (threadIndex < 0 || threadIndex >= mainIndex) throw new RangeError(`a thread's index is from 0 to ${mainIndex - 1}`);
    return new SharedMapTable(buffer, partsOf(buffer, threadIndex, options.clock ?? nodeClock));
  }

  /** Bytes that no map takes: keys, values, and 50 to 70 bytes more for each entry come out of them. */
  get freeBytes(): number {
    return this.parts.blocks.freeBytes;
  }

  /**
   * Opens a map, or gives the one that is open other limits; what it holds stays, even above a lower limit. Only for the
   * thread that created the table. Throws `capacity.overloaded` when the table is full.
   */
  open(mapId: string, limits: MapLimits): void {
    const { lock } = this.parts;
    const known = this.opened.get(mapId);
    lock.enter();
    let header: number;
    try {
      header = known ?? this.headers.create();
      if (header === 0) throw fullError();
      this.headers.setLimits(header, limits);
    } finally {
      lock.leave();
    }
    if (known !== undefined) return;
    const place = new DataView(new ArrayBuffer(8));
    place.setInt32(0, header);
    place.setInt32(4, this.parts.memory.word(header + headerAt.uid));
    if (this.directory.set(mapId, new Uint8Array(place.buffer)) !== undefined) {
      this.drop(header);
      throw fullError();
    }
    this.opened.set(mapId, header);
  }

  /** Drops every other map, and frees what they hold. Only for the thread that created the table. */
  retainOnly(mapIds: ReadonlySet<string>): void {
    for (const mapId of this.opened.keys()) {
      if (!mapIds.has(mapId)) this.close(mapId);
    }
  }

  /** Drops that map, and frees what it holds. Only for the thread that created the table. */
  close(mapId: string): void {
    const header = this.opened.get(mapId);
    if (header === undefined) return;
    this.opened.delete(mapId);
    this.directory.del([mapId]);
    this.drop(header);
  }

  /** The map of that id, also one that is opened later. Its operations throw `plugin.grant_denied` while there is none. */
  map(mapId: string, bounds: MapBounds = {}): SharedMapStore {
    return new SharedMapStore(this.parts, () => this.placeOf(mapId), bounds);
  }

  /**
   * Gives back what a thread held when it ended; to be called once it is certain that it has, and before another one takes
   * its number. Until then writers may wait, and fail after a second, if the thread ended in the middle of a write.
   *
   * Never throws. When another thread has ended with the lock and is yet to be recovered, what this one held outside of it
   * stays taken until the next thread of its number works with a large value.
   */
  recover(threadIndex: number): void {
    const { lock, holdings } = this.parts;
    lock.release(threadIndex);
    try {
      lock.enter(); // undoes what the thread had begun
    } catch {
      return;
    }
    try {
      holdings.giveBack(threadIndex);
    } finally {
      lock.leave();
    }
  }

  private format(): void {
    const { memory, blocks } = this.parts;
    blocks.format();
    const root = this.headers.create();
    this.headers.setLimits(root, { maxBytes: Number.MAX_SAFE_INTEGER, maxKeys: kvMaxKeys, policy: 'refuse' });
    memory.words[tableAt.root] = root;
    memory.words[tableAt.format] = format;
  }

  private rootPlace(): MapPlace {
    const root = this.parts.memory.word(tableAt.root);
    return { map: root, uid: this.parts.memory.word(root + headerAt.uid) };
  }

  private placeOf(mapId: string): MapPlace {
    const value = this.directory.get(mapId);
    if (value === undefined) throw new AppError('plugin.grant_denied', { detail: 'this plugin has no map in memory' });
    const place = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return { map: place.getInt32(0), uid: place.getInt32(4) };
  }

  private drop(header: number): void {
    const { room, chains } = this.parts;
    this.locked(() => this.headers.retire(header));
    // Others write between two steps.
    for (let bucket = chains.bucketCount(header) - 1; bucket >= 0; ) bucket = this.locked(() => room.emptyFrom(header, bucket, dropStep));
    this.locked(() => this.headers.recycle(header));
  }

  private locked<T>(run: () => T): T {
    this.parts.lock.enter();
    try {
      return run();
    } finally {
      this.parts.lock.leave();
    }
  }
}

function fullError(): AppError {
  return new AppError('capacity.overloaded', { detail: 'the memory for maps is full: raise TORII_MAPS_BYTES' });
}

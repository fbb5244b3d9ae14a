/** What every thread tells the others about itself, as whole numbers; one writer each. */
const fields = {
  /** Counts the turns of its pulse; stands still while the thread is stuck. */
  beats: 0,
  /** 1 while it serves, else 0; written by the main thread. */
  isServing: 1,
  /** Connections on which requests came lately. */
  load: 2,
  /** The row of the plugin that was called last and has not returned, plus one; 0 for none. */
  running: 3,
} as const;

/** A cache line for each thread, so that their writes do not slow each other down. */
const intsPerThread = 16;

/**
 * A few numbers for each thread of a node, in memory that all of them share. Read and written without a message, so that
 * it also says something of a thread that no longer answers any.
 */
export class ThreadBoard {
  private readonly ints: Int32Array<SharedArrayBuffer>;

  static create(threads: number): ThreadBoard {
    return new ThreadBoard(new SharedArrayBuffer(threads * intsPerThread * Int32Array.BYTES_PER_ELEMENT));
  }

  constructor(readonly memory: SharedArrayBuffer) {
    this.ints = new Int32Array(memory);
  }

  get threads(): number {
    return this.ints.length / intsPerThread;
  }

  of(index: number): BoardRow {
    return new BoardRow(this.ints, index * intsPerThread);
  }
}

/** One thread's numbers. */
export class BoardRow {
  constructor(
    private readonly ints: Int32Array<SharedArrayBuffer>,
    private readonly base: number,
  ) {}

  beat(): void {
    Atomics.add(this.ints, this.base + fields.beats, 1);
  }

  get beats(): number {
    return Atomics.load(this.ints, this.base + fields.beats);
  }

  get isServing(): boolean {
    return Atomics.load(this.ints, this.base + fields.isServing) === 1;
  }

  set isServing(isServing: boolean) {
    Atomics.store(this.ints, this.base + fields.isServing, isServing ? 1 : 0);
  }

  get load(): number {
    return Atomics.load(this.ints, this.base + fields.load);
  }

  set load(connections: number) {
    Atomics.store(this.ints, this.base + fields.load, connections);
  }

  /** The row of the plugin that runs, or undefined. */
  get running(): number | undefined {
    const value = Atomics.load(this.ints, this.base + fields.running);
    return value === 0 ? undefined : value - 1;
  }

  enter(pluginRow: number): void {
    Atomics.store(this.ints, this.base + fields.running, pluginRow + 1);
  }

  /** Does nothing when another plugin was entered since. */
  leave(pluginRow: number): void {
    Atomics.compareExchange(this.ints, this.base + fields.running, pluginRow + 1, 0);
  }

  /** For the next thread in this place. */
  clear(): void {
    this.ints.fill(0, this.base, this.base + intsPerThread);
  }
}

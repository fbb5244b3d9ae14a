export interface RowOwner {
  readonly id: string;
  readonly workspace: string;
  readonly name: string;
}

export interface RowTableOptions {
  /** Rows in all; the last one is shared by owners that found no row of their own. */
  readonly rows: number;
  /** Row 0 is for what has no owner, such as requests that match no route. */
  readonly hasNobodysRow?: boolean;
  /** Called before a row gets another owner. */
  readonly clear: (row: number) => void;
  /** A row is given to nobody else for this long, since requests of its owner may be under way (ms). */
  readonly restMs: number;
  readonly nowMs?: () => number;
}

interface Entry {
  owner: RowOwner;
  readonly row: number;
}

/** Which row each plugin, or each route, is counted in: its own as long as it is configured and there are rows, else the last one. */
export class RowTable {
  private readonly options: RowTableOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly free: number[];
  /** Rows that were left, by their last owner's id, the first one to be free first. */
  private readonly resting = new Map<string, { readonly row: number; readonly freeAtMs: number }>();
  private readonly nowMs: () => number;

  constructor(options: RowTableOptions) {
    this.options = options;
    this.nowMs = options.nowMs ?? (() => performance.now());
    const first = options.hasNobodysRow === true ? 1 : 0;
    this.free = Array.from({ length: this.othersRow - first }, (_, index) => this.othersRow - 1 - index);
  }

  /** The last row. */
  get othersRow(): number {
    return this.options.rows - 1;
  }

  /** The rows of these owners, in their order; ones that are new are given theirs. */
  assign(owners: readonly RowOwner[]): number[] {
    return owners.map((owner) => {
      const entry = this.entries.get(owner.id);
      if (entry === undefined) return this.add(owner);
      entry.owner = owner; // its name may be another one now
      return entry.row;
    });
  }

  /** Takes the rows of all others back, for whoever comes later. */
  retainOnly(owners: readonly RowOwner[]): void {
    const kept = new Set(owners.map(({ id }) => id));
    for (const [id, { row }] of this.entries) {
      if (kept.has(id)) continue;
      this.entries.delete(id);
      this.resting.set(id, { row, freeAtMs: this.nowMs() + this.options.restMs });
    }
  }

  ownerOf(row: number): RowOwner | undefined {
    for (const entry of this.entries.values()) if (entry.row === row) return entry.owner;
    return undefined;
  }

  /** Rows with an owner of their own. */
  *owned(): Iterable<readonly [number, RowOwner]> {
    for (const { row, owner } of this.entries.values()) yield [row, owner];
  }

  private add(owner: RowOwner): number {
    this.freeRested();
    // What runs since before it left, such as its pools, goes on counting there.
    const former = this.resting.get(owner.id)?.row;
    if (former !== undefined) {
      this.resting.delete(owner.id);
      this.entries.set(owner.id, { owner, row: former });
      return former;
    }
    const row = this.free.pop();
    if (row === undefined) return this.othersRow;
    this.options.clear(row);
    this.entries.set(owner.id, { owner, row });
    return row;
  }

  private freeRested(): void {
    for (const [id, { row, freeAtMs }] of this.resting) {
      if (freeAtMs > this.nowMs()) return;
      this.resting.delete(id);
      this.free.push(row);
    }
  }
}

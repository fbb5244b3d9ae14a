/** Cells at most: one for each target that is checked. Further ones are not checked. */
export const healthCellsMax = 65_536;

/** The cells of a route's targets, in their order; undefined for one that is not checked, which counts as fit. */
export type RouteCells = readonly (number | undefined)[];

/** Whether targets of upstreams passed their checks: a byte for each, written by the main thread and read by all. */
export class HealthCells {
  private readonly bytes: Uint8Array<SharedArrayBuffer>;

  static create(): HealthCells {
    return new HealthCells(new SharedArrayBuffer(healthCellsMax));
  }

  constructor(readonly memory: SharedArrayBuffer) {
    this.bytes = new Uint8Array(memory);
  }

  isDown(cell: number): boolean {
    return Atomics.load(this.bytes, cell) === 1;
  }

  set(cell: number, isDown: boolean): void {
    Atomics.store(this.bytes, cell, isDown ? 1 : 0);
  }
}

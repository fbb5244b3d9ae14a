/** What of a function's code decides where checks go; everything between two events only costs. */
export const eventKinds = {
  /** Opens a block that nothing but its end follows. */
  block: 0,
  /** Opens a loop; its argument is the event that ends it. */
  loop: 1,
  if: 2,
  /** Opens a legacy `try` or a `try_table`. */
  try: 3,
  else: 4,
  /** Begins a `catch` or `catch_all` of a legacy `try`. */
  catch: 5,
  /** Closes a block; the last one closes the function. */
  end: 6,
  /** `br_if`. Of this and the next two, the offset is that of the label and the argument the label. */
  branch: 7,
  /** `br`. */
  jump: 8,
  /** One label of a `br_table`. */
  target: 9,
  /** The label of a catch clause of a `try_table`, counted from outside of it. */
  catchTarget: 10,
  return: 11,
  /** A `throw`, in any of its forms. */
  throw: 12,
  /** Code behind this, up to the block's end, is never reached. */
  unreachable: 13,
  /** The argument is the function's index. */
  call: 14,
  /** The argument is the type's index. */
  callIndirect: 15,
  /** A bulk operation on memory; its size in bytes is on top of the stack. */
  bulkMemory: 16,
  /** A bulk operation on a table, `table.grow` included; its number of entries is on top of the stack. */
  bulkTable: 17,
  /** The argument is the offset behind the instruction. */
  memoryGrow: 18,
  /** Nothing but a place where a check could go in. */
  mark: 19,
  /** The argument is the offset behind the instruction. */
  memorySize: 20,
} as const;

/** Numbers per event: its kind, its offset, the cost of what lies between the one before and it, and its argument. */
export const eventWidth = 4;

/** The events of all functions of a module, one after the other, as numbers: objects would cost more than reading the code. */
export class CodeEvents {
  numbers: Int32Array;
  length = 0;

  constructor(capacity: number) {
    this.numbers = new Int32Array(Math.max(64, capacity));
  }

  push(kind: number, at: number, cost: number, argument: number): void {
    const { length } = this;
    if (length + eventWidth > this.numbers.length) this.grow();
    const { numbers } = this;
    numbers[length] = kind;
    numbers[length + 1] = at;
    numbers[length + 2] = cost;
    numbers[length + 3] = argument;
    this.length = length + eventWidth;
  }

  private grow(): void {
    const grown = new Int32Array(this.numbers.length * 2);
    grown.set(this.numbers);
    this.numbers = grown;
  }
}

import { AppError } from '@torii/contracts';
import type { Journal } from './journal.js';
import { tableAt } from './layout.js';
import type { TableMemory } from './table-memory.js';

const spins = 200;
const timeoutMs = 1_000;
/** A wake-up that was lost, because the one who owed it died, costs at most this. */
const lookAgainMs = 10;

/**
 * The one lock of a table: whoever writes holds it, for a microsecond or so. Not re-entrant.
 *
 * Waiting is spinning first, then sleeping, at most a second in all.
 */
export class WriteLock {
  private readonly owner: number;

  constructor(
    private readonly memory: TableMemory,
    private readonly journal: Journal,
  ) {
    this.owner = memory.threadIndex + 1;
  }

  /** Throws `capacity.overloaded` when the lock cannot be had in time. */
  enter(): void {
    goDeeper(stackFrames);
    if (!this.take()) this.wait();
    if (this.journal.isDirty) this.undo();
  }

  /** Takes the lock only when nobody has it. */
  tryEnter(): boolean {
    goDeeper(stackFrames);
    if (!this.take()) return false;
    if (this.journal.isDirty) this.undo();
    return true;
  }

  leave(): void {
    Atomics.store(this.memory.words, tableAt.lockOwner, 0);
    if (Atomics.load(this.memory.words, tableAt.lockWaiters) > 0) Atomics.notify(this.memory.words, tableAt.lockOwner, 1);
  }

  /** Gives back the lock of a thread that has ended, when it had it. */
  release(threadIndex: number): void {
    const { words } = this.memory;
    if (Atomics.compareExchange(words, tableAt.lockOwner, threadIndex + 1, 0) === threadIndex + 1) Atomics.notify(words, tableAt.lockOwner, 1);
  }

  private undo(): void {
    try {
      this.journal.undo();
    } finally {
      if (this.journal.isDirty) this.leave(); // the next one tries again
    }
  }

  private take(): boolean {
    const holder = Atomics.compareExchange(this.memory.words, tableAt.lockOwner, 0, this.owner);
    // Our own: we left it by an exception that even `leave` did not survive, and the journal says what to undo.
    return holder === 0 || holder === this.owner;
  }

  private wait(): void {
    for (let spin = 0; spin < spins; spin++) if (this.take()) return;
    const { words } = this.memory;
    const deadlineMs = performance.now() + timeoutMs;
    Atomics.add(words, tableAt.lockWaiters, 1);
    try {
      while (!this.take()) {
        if (performance.now() >= deadlineMs) throw new AppError('capacity.overloaded', { detail: 'the maps in memory are busy' });
        const holder = Atomics.load(words, tableAt.lockOwner);
        if (holder !== 0) Atomics.wait(words, tableAt.lockOwner, holder, lookAgainMs);
      }
    } finally {
      Atomics.sub(words, tableAt.lockWaiters, 1);
    }
  }
}

// A guest may recurse until hardly any stack is left and then call us. What overflows under the lock is undone by the next
// one who has it; but `leave` must not overflow. It needs less stack than this, which overflows before the lock is taken.
const stackFrames = 4;

function goDeeper(frames: number): number {
  return frames === 0 ? 0 : goDeeper(frames - 1) + 1;
}

import { journalAt, journalWords, tableAt } from './layout.js';
import type { TableMemory } from './table-memory.js';

/**
 * Makes what one thread changes under the lock all or nothing, and keeps readers without a lock from seeing half of it.
 *
 * Each word's old value is written down before the word changes. When the thread ends half-way, by an exception or because
 * it was terminated, the next one that has the lock writes the old values back. A thread is terminated between statements,
 * never within one, and what it wrote until then is there.
 *
 * Readers without a lock look at a version before and after: it is odd while what it stands for changes.
 */
export class Journal {
  private readonly floatOf = new Float64Array(1);
  private readonly wordsOf = new Int32Array(this.floatOf.buffer);

  constructor(private readonly memory: TableMemory) {}

  get isDirty(): boolean {
    return this.memory.word(tableAt.journalLength) !== 0 || this.memory.word(tableAt.openCount) !== 0;
  }

  /** Writes down what is there, for a word that is about to be overwritten by other means. */
  note(at: number): void {
    const { words } = this.memory;
    const length = this.memory.word(tableAt.journalLength);
    if (length >= journalWords) throw new Error('a transaction of the shared table changes too many words');
    words[journalAt + length] = at;
    words[journalAt + length + 1] = this.memory.word(at);
    words[tableAt.journalLength] = length + 2;
  }

  put(at: number, value: number): void {
    this.note(at);
    this.memory.words[at] = value;
  }

  add(at: number, value: number): void {
    this.put(at, this.memory.word(at) + value);
  }

  putFloat(at: number, value: number): void {
    this.floatOf[0] = value;
    this.put(at, this.wordsOf[0] ?? 0);
    this.put(at + 1, this.wordsOf[1] ?? 0);
  }

  /** Makes versions odd until the transaction ends; one transaction opens versions once. */
  open(from: number, count: number): void {
    const { words } = this.memory;
    words[tableAt.openFrom] = from;
    words[tableAt.openCount] = count;
    for (let at = from; at < from + count; at++) Atomics.store(words, at, this.memory.word(at) + 1);
    Atomics.load(words, from); // what follows must not be seen before the versions are odd
  }

  commit(): void {
    this.memory.words[tableAt.journalLength] = 0;
    this.closeVersions();
  }

  undo(): void {
    const { words } = this.memory;
    for (let entry = this.memory.word(tableAt.journalLength) - 2; entry >= 0; entry -= 2) {
      words[this.memory.word(journalAt + entry)] = this.memory.word(journalAt + entry + 1);
    }
    this.commit();
  }

  private closeVersions(): void {
    const { words } = this.memory;
    const from = this.memory.word(tableAt.openFrom);
    const end = from + this.memory.word(tableAt.openCount);
    for (let at = from; at < end; at++) {
      const version = this.memory.word(at);
      if ((version & 1) === 1) Atomics.store(words, at, version + 1);
    }
    words[tableAt.openCount] = 0;
  }
}

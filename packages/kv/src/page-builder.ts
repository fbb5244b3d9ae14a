import type { KvEntry, KvPage, KvQuery } from './kv-store.js';

/** Collects what a query answers, within its limits, each key once. */
export class PageBuilder {
  private readonly entries: KvEntry[] = [];
  private readonly seen = new Set<string>();
  private bytes = 0;
  private isCut = false;

  constructor(private readonly query: Pick<KvQuery, 'limit' | 'maxBytes'>) {}

  /** Nothing more is taken. */
  get isFull(): boolean {
    return this.isCut;
  }

  has(key: string): boolean {
    return this.seen.has(key);
  }

  /** Says that something is left out. */
  cut(): void {
    this.isCut = true;
  }

  add(key: string, value: Uint8Array): void {
    if (this.isCut || this.seen.has(key)) return;
    const bytes = this.bytes + Buffer.byteLength(key) + value.length;
    if (this.entries.length >= this.query.limit || bytes > this.query.maxBytes) {
      this.isCut = true;
      return;
    }
    this.bytes = bytes;
    this.seen.add(key);
    this.entries.push({ key, value });
  }

  build(): KvPage {
    return { entries: this.entries, isComplete: !this.isCut };
  }
}

/** What takes much memory has a long key. */
const keyMaxChars = 500;

/**
 * One of each: who asks for the same gets the same, and what many have in common is in memory once, and mostly in the cache.
 * Beyond `max`, and for keys so long that few have them in common, it is made for each who asks.
 */
export class Pool<Value> {
  private readonly known = new Map<string, Value>();

  constructor(private readonly max: number) {}

  get isFull(): boolean {
    return this.known.size >= this.max;
  }

  /** What is kept by that key; `make` makes it when nothing is. */
  get(key: string, make: () => Value): Value {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (!this.isFull && key.length <= keyMaxChars) this.known.set(key, made);
    return made;
  }
}

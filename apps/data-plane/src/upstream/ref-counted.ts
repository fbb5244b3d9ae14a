/** Things by key, each as long as somebody uses it. */
export class RefCounted<Thing> {
  private readonly entries = new Map<string, { readonly thing: Thing; users: number }>();

  /** The thing of that key, made when there is none; whoever retains it releases it once. */
  retain(key: string, make: () => Thing): Thing {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { thing: make(), users: 0 };
      this.entries.set(key, entry);
    }
    entry.users += 1;
    return entry.thing;
  }

  *things(): Iterable<Thing> {
    for (const { thing } of this.entries.values()) yield thing;
  }

  /** The thing when that was its last user, who then puts it away. */
  release(key: string): Thing | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    entry.users -= 1;
    if (entry.users > 0) return undefined;
    this.entries.delete(key);
    return entry.thing;
  }
}

/** The modules that are compiled before they are called: the first there are, as far as there is room (bytes). */
export class CompiledAhead {
  private readonly bytesByName = new Map<string, number>();
  private total = 0;

  constructor(private readonly maxBytes: number) {}

  /** Whether there is room for that module, which then has it; also for one that has it already. */
  take(name: string, bytes: number): boolean {
    if (this.bytesByName.has(name)) return true;
    if (this.total + bytes > this.maxBytes) return false;
    this.bytesByName.set(name, bytes);
    this.total += bytes;
    return true;
  }

  /** Room of modules that none of these users has is free again. */
  retainOnly(users: readonly { has(name: string): boolean }[]): void {
    for (const [name, bytes] of this.bytesByName) {
      if (users.some((user) => user.has(name))) continue;
      this.bytesByName.delete(name);
      this.total -= bytes;
    }
  }
}

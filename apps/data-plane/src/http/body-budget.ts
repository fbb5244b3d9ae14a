/** How many bytes of request bodies may be in memory at once, over all requests of a thread. */
export class BodyBudget {
  private usedBytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** Whether there is room for these; if so, whoever took them gives them back. */
  take(bytes: number): boolean {
    if (this.usedBytes + bytes > this.maxBytes) return false;
    this.usedBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.usedBytes -= bytes;
  }
}

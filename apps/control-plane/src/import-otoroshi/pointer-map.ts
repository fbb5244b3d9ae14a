/** Where the parts of a converted entity come from: pointers into it, and the pointers into the file they stand for. */
export class PointerMap {
  private readonly known = new Map<string, string>();

  constructor(private readonly whole: string) {}

  set(converted: string, original: string): void {
    this.known.set(converted, original);
  }

  /** The place in the file of the nearest part around it that is known; that of the entity when none is. */
  original(converted: string): string {
    for (let pointer = converted; pointer !== ''; pointer = pointer.slice(0, pointer.lastIndexOf('/'))) {
      const known = this.known.get(pointer);
      if (known !== undefined) return known;
    }
    return this.whole;
  }
}

/**
 * An amount that many draw from: never more than `totalMax` together, never more than `ownerMax` for one of them.
 *
 * Remembers only owners that hold something.
 */
export class Shares {
  private readonly totalMax: number;
  private readonly ownerMax: number;
  private readonly held = new Map<string, number>();
  private total = 0;

  constructor(totalMax: number, ownerMax: number) {
    this.totalMax = totalMax;
    this.ownerMax = Math.min(ownerMax, totalMax);
  }

  get taken(): number {
    return this.total;
  }

  /** False, and nothing taken, when it would be more than there is for this owner. */
  take(owner: string, amount: number): boolean {
    const held = (this.held.get(owner) ?? 0) + amount;
    if (held > this.ownerMax || this.total + amount > this.totalMax) return false;
    this.held.set(owner, held);
    this.total += amount;
    return true;
  }

  /** Of what this owner has taken. */
  giveBack(owner: string, amount: number): void {
    const held = (this.held.get(owner) ?? 0) - amount;
    if (held > 0) this.held.set(owner, held);
    else this.held.delete(owner);
    this.total -= amount;
  }
}

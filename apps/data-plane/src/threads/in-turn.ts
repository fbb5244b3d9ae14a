/** Does one piece of work after the other, in the order they came; one that fails does not keep the next from its turn. */
export class InTurn {
  private last: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }
}

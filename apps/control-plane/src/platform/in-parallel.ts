/**
 * Does the work for each, at most `max` at once; the results are in the order of the items. Throws what the first to fail
 * throws: what is under way then comes to its end before, and nothing more is begun.
 */
export async function inParallel<Item, Result>(items: readonly Item[], max: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const remaining = items.entries();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const [index, item] of remaining) {
      try {
        results[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}

const distanceMax = 2;
/** Names of a module may be long, and comparing two takes time by their product. */
const wordMaxLength = 100;

/** `, did you mean "x"?` with the candidate that differs least from `word`, by at most two edits; else nothing. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  let nearest: string | undefined;
  let distanceLess = Math.min(distanceMax, Math.floor(word.length / 2)) + 1;
  if (word.length > wordMaxLength) return '';
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= distanceLess) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance >= distanceLess) continue;
    nearest = candidate;
    distanceLess = distance;
  }
  return nearest === undefined ? '' : `, did you mean "${nearest}"?`;
}

/** Levenshtein distance, one row at a time. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

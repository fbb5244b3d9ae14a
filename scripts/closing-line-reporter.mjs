import { writeFileSync } from 'node:fs';
import { closingLine, countsOf } from './lib/jest-run.mjs';

/** Hands the counts of a run to `npm test`, which prints them last; run by itself, jest ends with the same line. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const counts = countsOf(results);
    const file = process.env.TORII_TEST_COUNTS_FILE;
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
    // After jest's own summary, which other reporters write in the same tick.
    else process.once('exit', () => console.log(closingLine(counts)));
  }
}

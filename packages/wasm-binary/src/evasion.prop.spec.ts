import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evasiveGuests, evasiveModule } from '../test/evasive-guest.js';
import { instantiate, numberGlobal, rewrite } from '../test/guests.js';
import { rewrittenExports } from './rewritten-names.js';

/** What a guest is given, in units. */
const given = 200_000;
/** What may run before it is paid for, and never is if the guest ends there. */
const unpaidMax = 1_000;
/** Far more than anyone can execute who pays. */
const executedMax = 5_000_000;

describe('a guest whose loops, calls and exceptions are of any shape', () => {
  it('pays a unit at least for each instruction it executes, and so is stopped when it has no more', () => {
    let stopped = 0;
    fc.assert(
      fc.property(evasiveGuests, (guest) => {
        const exports = instantiate(rewrite(evasiveModule(guest, executedMax)));
        const fuel = numberGlobal(exports, rewrittenExports.fuel);
        fuel.value = given;
        // Without a hook, who has spent it all traps; how a guest ends does not matter here.
        const ended = outcomeOf(() => exports.run?.());
        const executed = numberGlobal(exports, 'executed').value;
        if (fuel.value < 0) stopped += 1;
        expect(ended).not.toBe('unreachable');
        expect(executed).toBeLessThanOrEqual(given - fuel.value + unpaidMax);
      }),
      { numRuns: 300 },
    );
    expect(stopped).toBeGreaterThan(0);
  });
});

function outcomeOf(run: () => unknown): string {
  try {
    run();
    return 'returned';
  } catch (error) {
    return (error as { readonly message?: string }).message ?? '';
  }
}

/** Few enough to be quick, and the same in each run. */
const shortPart = 1 / 5;

/**
 * How many cases a property test with many of them tries: all in `npm run test:long`, which makes new ones each time, and
 * a fifth in `npm test`, at least one.
 */
export function casesOf(all: number): number {
  return process.env.TORII_TEST_LONG === 'true' ? all : Math.ceil(all * shortPart);
}

/**
 * What tests that try cases made at random begin from, as property tests do: the TORII_TEST_SEED of jest.config.mjs, 0 to 2^31 - 1.
 */
export const testSeed = Number(process.env.TORII_TEST_SEED);

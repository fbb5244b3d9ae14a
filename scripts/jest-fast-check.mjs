import fc from 'unseeded-fast-check';

// What property tests import as `fast-check`: the library itself, which begins from the seed of this run.
fc.configureGlobal({ seed: Number(process.env.TORII_TEST_SEED) });

export * from 'unseeded-fast-check';
export { default } from 'unseeded-fast-check';

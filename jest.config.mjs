import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';

// Cases made at random are the same each time, so that what a run finds is of the code and not of the day's luck. `npm run test:long` takes a new seed.
process.env.TORII_TEST_SEED ??= '1';

const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      keepClassNames: true,
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

const requireInKit = createRequire(new URL('packages/test-kit/package.json', import.meta.url));

const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  setupFilesAfterEnv: ['<rootDir>/scripts/jest-setup.mjs'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
  // Unit and integration tests read the sources of our packages; data threads, control planes and spawned apps are always the built ones.
  moduleNameMapper: {
    '^@torii/([a-z-]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Property tests begin from the seed.
    '^fast-check$': '<rootDir>/scripts/jest-fast-check.mjs',
    '^unseeded-fast-check$': path.join(path.dirname(requireInKit.resolve('fast-check/package.json')), 'lib', 'fast-check.js'),
  },
};

export default {
  // Jest would leave one core of two idle, and tests often wait. Many test files start servers and compilers of their own, so no more than half of many cores.
  maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
  // Modules of finished test files stay in memory, and collecting that garbage takes longer than beginning anew.
  workerIdleMemoryLimit: '600MB',
  reporters: ['default', '<rootDir>/scripts/closing-line-reporter.mjs'],
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/{apps,packages}/*/src/**/!(*.long).spec.ts', '<rootDir>/scripts/**/*.spec.mjs'] },
    { ...base, displayName: 'integration', testMatch: ['<rootDir>/{apps,packages}/*/test/**/*.int.spec.ts'] },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/e2e/**/*.e2e.spec.ts'] },
    ...(process.env.TORII_TEST_LONG === 'true'
      ? [{ ...base, displayName: 'long', testMatch: ['<rootDir>/{apps,packages}/*/{src,test}/**/*.long.spec.ts', '<rootDir>/e2e/**/*.long.spec.ts'] }]
      : []),
  ],
};

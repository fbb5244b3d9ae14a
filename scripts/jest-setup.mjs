import { jest } from '@jest/globals';

// Long enough for a slow machine that runs several suites at once; a wait that can fail has its own, shorter deadline.
jest.setTimeout(300_000);

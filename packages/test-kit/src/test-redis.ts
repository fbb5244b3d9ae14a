import { randomBytes } from 'node:crypto';
import { testEnv } from './test-env.js';

export interface TestRedis {
  readonly url: string;
  /** For `TORII_REDIS_PREFIX`; no other test has it. */
  readonly keyPrefix: string;
}

/** The Redis that all tests share, and a prefix of keys for one test file alone. */
export function testRedis(): TestRedis {
  return { url: testEnv('TORII_TEST_REDIS_URL'), keyPrefix: `test-${randomBytes(8).toString('hex')}` };
}

import { randomBytes } from 'node:crypto';
import { createDatabase, dropDatabase, urlOfDatabase } from '@torii/local-infra';
import { testEnv } from './test-env.js';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A new, empty database for one test file; the control plane migrates it when it boots. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = testEnv('TORII_TEST_DATABASE_URL');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await createDatabase(adminUrl, name);
  return { url: urlOfDatabase(adminUrl, name), drop: () => dropDatabase(adminUrl, name) };
}

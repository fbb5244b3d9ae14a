/** What `npm test` tells the tests about the servers it has started. Throws when a test is run without it. */
export function testEnv(name: 'TORII_TEST_DATABASE_URL' | 'TORII_TEST_REDIS_URL'): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: run the tests by npm test`);
  return value;
}

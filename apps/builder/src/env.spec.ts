import { describe, expect, it } from '@jest/globals';
import { EnvError } from '@torii/service-kit';
import { parseBuilderEnv } from './env.js';

const least = { REDIS_URL: 'redis://127.0.0.1:6379' };

describe('parseBuilderEnv', () => {
  it('needs nothing but a Redis', () => {
    const env = parseBuilderEnv(least);
    expect(env).toMatchObject({
      TORII_BUILDER_PORT: 9190,
      TORII_BUILD_TIMEOUT_MS: 120_000,
      TORII_BUILD_DRAIN_MS: 20_000,
      TORII_BUILD_SANDBOX: 'auto',
    });
    expect(env.TORII_BUILD_SLOTS).toBeGreaterThanOrEqual(1);
  });

  it('says everything that is wrong at once', () => {
    const problems = (): unknown => parseBuilderEnv({ TORII_BUILD_SLOTS: '0', TORII_BUILD_SANDBOX: 'no', TORII_NODE_TOKEN: 'short', TORII_HOME: '' });
    expect(problems).toThrow(EnvError);
    for (const name of ['REDIS_URL', 'TORII_BUILD_SLOTS', 'TORII_BUILD_SANDBOX', 'TORII_NODE_TOKEN', 'TORII_HOME']) expect(problems).toThrow(name);
  });

  it('refuses overrides of outbound calls in production unless they are meant', () => {
    const overrides = { ...least, NODE_ENV: 'production', TORII_EGRESS_OVERRIDES: 'api.example.com=http://127.0.0.1:1' };
    expect(() => parseBuilderEnv(overrides)).toThrow('TORII_EGRESS_OVERRIDES_IN_PRODUCTION=true');
    expect(parseBuilderEnv({ ...overrides, TORII_EGRESS_OVERRIDES_IN_PRODUCTION: 'true' }).TORII_EGRESS_OVERRIDES?.size).toBe(1);
  });
});

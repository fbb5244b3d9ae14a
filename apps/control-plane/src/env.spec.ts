import { describe, expect, it } from '@jest/globals';
import { readEnv } from './env.js';

const least = { DATABASE_URL: 'postgresql://u:p@db/torii', REDIS_URL: 'redis://cache' };

describe('readEnv', () => {
  it('needs a database and a Redis only', () => {
    expect(readEnv(least)).toMatchObject({
      databaseUrl: least.DATABASE_URL,
      databaseDirectUrl: least.DATABASE_URL,
      busRedisUrl: least.REDIS_URL,
      port: 9000,
      host: '127.0.0.1',
      home: '.torii',
    });
  });

  it('names every problem at once', () => {
    const source = { DATABASE_URL: 'mysql://db', REDIS_URL: '', TORII_ADMIN_PORT: '70000', TORII_NODE_TOKEN: 'short' };
    expect(() => readEnv(source)).toThrow(
      /REDIS_URL is set but empty[\s\S]*DATABASE_URL: must be a URL[\s\S]*TORII_ADMIN_PORT[\s\S]*TORII_NODE_TOKEN/,
    );
  });
});

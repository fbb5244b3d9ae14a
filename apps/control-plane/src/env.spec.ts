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

  it('keeps objects in the database, in a bucket where one is named, or as it is told', () => {
    const bucket = { TORII_S3_BUCKET: 'torii' };
    expect(readEnv(least).objects).toMatchObject({ preferred: 'postgres', s3: undefined });
    expect(readEnv({ ...least, ...bucket }).objects).toMatchObject({ preferred: 's3', s3: { bucket: 'torii', prefix: 'torii/', region: undefined } });
    expect(readEnv({ ...least, ...bucket, TORII_OBJECT_STORE: 'postgres' }).objects).toMatchObject({
      preferred: 'postgres',
      s3: { bucket: 'torii' },
    });
    const elsewhere = { ...bucket, TORII_S3_ENDPOINT: 'http://minio:9000' };
    expect(readEnv({ ...least, ...elsewhere }).objects.s3).toMatchObject({ endpoint: 'http://minio:9000', region: 'us-east-1' });
  });

  it.each([
    [{ TORII_OBJECT_STORE: 's3' }, /TORII_S3_BUCKET: is needed/],
    [{ TORII_S3_BUCKET: 'torii', TORII_S3_ACCESS_KEY_ID: 'AKIA' }, /TORII_S3_SECRET_ACCESS_KEY: .* set both or none/],
    [{ TORII_S3_BUCKET: 'torii', TORII_S3_PREFIX: 'no-slash' }, /TORII_S3_PREFIX: must end with a slash/],
    [{ TORII_UNUSED_KEPT_MS: '1000' }, /TORII_UNUSED_KEPT_MS: .*3600000/],
  ])('refuses %j', (variables, problem) => {
    expect(() => readEnv({ ...least, ...variables })).toThrow(problem);
  });
});

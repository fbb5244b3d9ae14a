import { describe, expect, it } from '@jest/globals';
import { portsOf, readSettings, shownUrl } from './settings.mjs';

describe('readSettings', () => {
  it('gives each node the next port', () => {
    const ports = portsOf(readSettings({ TORII_PROXY_PORT: '7000' }, [])).map(({ name, port }) => `${name} ${port}`);
    expect(ports).toEqual([
      'TORII_ADMIN_PORT 9000',
      'TORII_BUILDER_PORT 9190',
      'TORII_PROXY_PORT 7000',
      'TORII_INTERNAL_PORT 9090',
      'TORII_PROXY_PORT 7001',
      'TORII_INTERNAL_PORT 9091',
    ]);
  });

  it('leaves a port of 0 to be chosen for every process', () => {
    const env = { TORII_PROXY_PORT: '0', TORII_INTERNAL_PORT: '0', TORII_ADMIN_PORT: '0', TORII_BUILDER_PORT: '0' };
    expect(portsOf(readSettings(env, []))).toEqual([]);
  });

  it.each([
    [{ TORII_PROXY_PORT: 'x' }, [], 'TORII_PROXY_PORT is "x"'],
    [{ TORII_ADMIN_PORT: '65535' }, [], 'TORII_ADMIN_PORT is "65535"'],
    [{ TORII_ADMIN_PORT: '' }, [], 'set but empty'],
    [{ DATABASE_URL: '' }, [], 'set but empty'],
    [{ REDIS_URL: 'localhost:6379' }, [], 'REDIS_URL is not an address'],
    [{}, ['--fast'], 'unknown option --fast'],
  ])('refuses %j %j in one line', (env, args, message) => {
    expect(() => readSettings(env, args)).toThrow(message);
  });

  it('never shows a password', () => {
    expect(() => readSettings({ DATABASE_URL: 'mysql://root:hunter2@db/torii' }, [])).toThrow(/^(?!.*hunter2)/s);
    expect(shownUrl('postgresql://torii:hunter2@db:5432/torii?sslmode=require')).toBe('postgresql://torii@db:5432/torii');
  });
});

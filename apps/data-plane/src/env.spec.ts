import { describe, expect, it } from '@jest/globals';
import { EnvError } from '@torii/service-kit';
import { parseNodeEnv } from './env.js';

const redis = { REDIS_URL: 'redis://127.0.0.1:6379' };

function problems(source: Record<string, string>): string {
  try {
    parseNodeEnv(source);
  } catch (error) {
    if (error instanceof EnvError) return error.message;
  }
  return '';
}

describe('parseNodeEnv', () => {
  it('fills in defaults', () => {
    expect(parseNodeEnv(redis)).toMatchObject({ TORII_PROXY_PORT: 8080, TORII_REDIS_PREFIX: 'torii', TORII_EGRESS_PRIVATE_CIDRS: [] });
  });

  it('reads overrides as host and origin', () => {
    expect(
      parseNodeEnv({ ...redis, TORII_EGRESS_OVERRIDES: 'API.example=http://127.0.0.1:1/x, b.example=https://c' }).TORII_EGRESS_OVERRIDES,
    ).toEqual(
      new Map([
        ['api.example', 'http://127.0.0.1:1'],
        ['b.example', 'https://c'],
      ]),
    );
  });

  it('lists every problem at once', () => {
    const text = problems({ REDIS_URL: 'http://x', TORII_PROXY_PORT: '70000', TORII_LOG_LEVEL: '', TORII_EGRESS_OVERRIDES: 'x' });
    for (const name of ['REDIS_URL', 'TORII_PROXY_PORT', 'TORII_LOG_LEVEL', 'TORII_EGRESS_OVERRIDES']) expect(text).toContain(name);
  });

  it('takes name servers by address, with or without a port, and nothing else', () => {
    const servers = '10.0.0.2, 10.0.0.3:5353, [2001:db8::1]:5353';
    expect(parseNodeEnv({ ...redis, TORII_EGRESS_DNS_SERVERS: servers }).TORII_EGRESS_DNS_SERVERS).toHaveLength(3);
    expect(problems({ ...redis, TORII_EGRESS_DNS_SERVERS: 'dns.example.com' })).toContain('TORII_EGRESS_DNS_SERVERS');
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0/8', 'fd00::/129', '10.0.0.0/8/8', 'all'])('refuses the private network %s', (network) => {
    expect(problems({ ...redis, TORII_EGRESS_PRIVATE_CIDRS: `fd00::/8,${network}` })).toContain('TORII_EGRESS_PRIVATE_CIDRS');
    expect(problems({ ...redis, TORII_EGRESS_PRIVATE_CIDRS: 'fd00::/8, 10.0.0.0/8' })).toBe('');
  });

  it('refuses overrides in production unless they are allowed by name', () => {
    const source = { ...redis, NODE_ENV: 'production', TORII_EGRESS_OVERRIDES: 'a.example=http://127.0.0.1:1' };
    expect(problems(source)).toContain('TORII_EGRESS_OVERRIDES');
    expect(problems({ ...source, TORII_EGRESS_OVERRIDES_IN_PRODUCTION: 'true' })).toBe('');
  });
});

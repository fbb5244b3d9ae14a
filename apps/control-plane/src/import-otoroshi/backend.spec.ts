import { describe, expect, it } from '@jest/globals';
import { UpstreamTarget } from '@torii/contracts';
import { aFileBackend, aFileRoute, aFileSlot, aFileTarget, converted, onlyRoute } from '../../test/support/otoroshi-file.js';

function upstreamOf(changes: object, others: object = {}) {
  const { target, items } = onlyRoute(aFileRoute({ backend: aFileBackend(changes), ...others }));
  if (target?.kind !== 'other' || target.target.kind !== 'upstream') throw new Error('the route has no upstream');
  expect(UpstreamTarget.safeParse(target.target)).toMatchObject({ success: true });
  return { upstream: target.target, items };
}

describe('a backend', () => {
  it('comes along without a word when it is as Otoroshi makes one', () => {
    const { upstream, items } = upstreamOf({});
    expect(items).toEqual([]);
    expect(upstream).toMatchObject({
      targets: [{ url: 'http://orders.internal:8080', weight: 1, backup: false }],
      balancing: { type: 'round_robin' },
      preserveHost: true,
      timeouts: { connectMs: 10_000, headersMs: 30_000, idleMs: 60_000 },
      retries: 1,
    });
  });

  it.each([
    [{ hostname: 'a.example', port: 443, tls: true }, 'https://a.example'],
    [{ hostname: 'a.example', port: 80 }, 'http://a.example'],
    [{ hostname: 'a.example', port: 443 }, 'http://a.example:443'],
    [{ hostname: '::1', port: 8080 }, 'http://[::1]:8080'],
  ])('has targets with URLs: %j', (target, url) => {
    expect(upstreamOf({ targets: [aFileTarget(target)] }).upstream.targets).toMatchObject([{ url }]);
  });

  it.each([
    [{ root: '/v1/' }, 'http://orders.internal:8080/v1', undefined],
    [{ root: '/v1', rewrite: true }, 'http://orders.internal:8080', '/v1'],
    [{ root: '/', rewrite: true }, 'http://orders.internal:8080', '/'],
    [{ root: `/u/\${req.pathparams.id}` }, 'http://orders.internal:8080', `/u/\${id}/\${rest}`],
    [{ root: `/u/\${req.pathparams.id}/x`, rewrite: true }, 'http://orders.internal:8080', `/u/\${id}/x`],
  ])('puts its root before the path, or in its place: %j', (changes, url, rewritePath) => {
    const { upstream } = upstreamOf(changes);
    expect(upstream.targets).toMatchObject([{ url }]);
    expect(upstream.rewritePath).toBe(rewritePath);
  });

  it('loses a root with an expression that nothing here stands for', () => {
    expect(upstreamOf({ root: `/\${req.headers.x}` }).items).toMatchObject([{ severity: 'lost', pointer: '/backend/root' }]);
  });

  it.each([
    ['RoundRobin', {}, { type: 'round_robin' }, undefined],
    ['Random', {}, { type: 'random' }, undefined],
    ['IpAddressHash', {}, { type: 'ip_hash' }, undefined],
    ['LeastConnections', {}, { type: 'least_connections' }, undefined],
    ['PowerOfTwoRandomChoices', {}, { type: 'power_of_two' }, undefined],
    ['HeaderHash', { header_name: 'x-user' }, { type: 'header_hash', name: 'x-user' }, undefined],
    ['Sticky', {}, { type: 'ip_hash' }, 'changed'],
    ['CookieHash', { cookie_name: 'session-id' }, { type: 'ip_hash' }, 'changed'],
    ['BestResponseTime', {}, { type: 'least_connections' }, 'changed'],
    ['WeightedBestResponseTime', { ratio: 0.5 }, { type: 'power_of_two' }, 'changed'],
    ['constructor', {}, { type: 'round_robin' }, 'lost'],
  ])('balances as it did, or says how it does now: %s', (type, more, balancing, severity) => {
    const { upstream, items } = upstreamOf({ load_balancing: { type, ...more } });
    expect(upstream.balancing).toEqual(balancing);
    expect(items.find(({ severity: found }) => found !== 'ignored')?.severity).toBe(severity);
  });

  it('keeps the targets behind the first for when it fails, with NaiveFailover', () => {
    const targets = [aFileTarget({ hostname: 'a' }), aFileTarget({ hostname: 'b' })];
    const { upstream } = upstreamOf({ targets, load_balancing: { type: 'NaiveFailover' } });
    expect(upstream.targets.map(({ backup }) => backup)).toEqual([false, true]);
  });

  it('asks its targets how they are by the path of the health check', () => {
    const check = { enabled: true, url: 'https://elsewhere.example/health?x=1', timeout: 900, healthyStatuses: [204, 200] };
    const { upstream, items } = upstreamOf({ health_check: check });
    expect(upstream.health).toEqual({ active: { path: '/health?x=1', timeoutMs: 900, statusMin: 200, statusMax: 204 } });
    expect(items).toMatchObject([{ severity: 'changed', pointer: '/backend/health_check/url' }]);
    expect(upstreamOf({ health_check: { enabled: false, url: '' } })).toMatchObject({ upstream: { health: {} }, items: [] });
  });

  it('reports times that are out of bounds, and settings there are none of', () => {
    const client = {
      connection_timeout: 900_000,
      global_timeout: 5,
      max_errors: 3,
      proxy: { host: 'p', port: 1 },
      custom_timeouts: [{ path: '/x' }],
    };
    const { upstream, items } = upstreamOf({ client });
    expect(upstream.timeouts).toMatchObject({ connectMs: 60_000 });
    expect(Object.fromEntries(items.map(({ pointer, severity }) => [pointer, severity]))).toEqual({
      '/backend/client/connection_timeout': 'changed',
      '/backend/client/global_timeout': 'changed',
      '/backend/client/custom_timeouts/0': 'changed',
      '/backend/client/proxy': 'lost',
      '/backend/client/max_errors': 'ignored',
    });
  });

  it('trusts the certificates that the file holds, and loses those it does not', () => {
    const tls_config = { enabled: true, trusted_certs: ['cert_1', 'cert_2'], certs: ['cert_3'], loose: true };
    const route = aFileRoute({ backend: aFileBackend({ targets: [aFileTarget({ tls: true, tls_config })] }) });
    const { routes, items } = converted({ routes: [route], certificates: [{ id: 'cert_1', chain: 'PEM' }] });
    expect(routes[0]?.target).toMatchObject({ target: { tls: { caPem: 'PEM', verify: false } } });
    expect(items.map(({ pointer }) => pointer)).toEqual([
      '/certificates',
      '/routes/0/backend/targets/0/tls_config/certs/0',
      '/routes/0/backend/targets/0/tls_config/trusted_certs/1',
    ]);
  });

  it('loses what chooses a target by place or address', () => {
    const target = aFileTarget({ predicate: { type: 'NetworkLocationMatch' }, ip_address: '10.0.0.1', protocol: 'HTTP/2.0' });
    expect(upstreamOf({ targets: [target] }).items.map(({ severity }) => severity)).toEqual(['changed', 'lost', 'lost']);
  });

  it('is found where the route refers to it', () => {
    const backends = [{ id: 'backend_1', name: 'b', backend: aFileBackend({ root: '/shared' }) }];
    const found = converted({ routes: [aFileRoute({ backend_ref: 'backend_1', backend: null })], backends });
    expect(found.routes[0]?.target).toMatchObject({ target: { targets: [{ url: 'http://orders.internal:8080/shared' }] } });
    expect(found.items).toEqual([]);
    const { target, items } = onlyRoute(aFileRoute({ backend_ref: 'backend_9', backend: null }));
    expect(target).toBeUndefined();
    expect(items).toMatchObject([
      { severity: 'lost', pointer: '/backend_ref' },
      { severity: 'lost', what: 'the route' },
    ]);
  });

  it('may be a URL', () => {
    const { target } = onlyRoute(aFileRoute({ backend: { target_url: 'https://a.example/x/' } }));
    expect(target).toMatchObject({ target: { targets: [{ url: 'https://a.example/x' }] } });
  });

  it('is sent the host of the target where a plugin overrides that of the request', () => {
    expect(upstreamOf({}, { plugins: [aFileSlot('OverrideHost')] }).upstream.preserveHost).toBe(false);
    expect(upstreamOf({}, { plugins: [aFileSlot('OverrideHost', {}, { enabled: false })] }).upstream.preserveHost).toBe(true);
  });
});

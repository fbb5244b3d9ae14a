import { describe, expect, it } from '@jest/globals';
import { unavailableInPlugin } from './availability.js';
import { pluginLimits } from './limits.js';
import { AllowedHost, PluginSpec, type PluginSpecInput } from './plugin.js';

const sha256 = 'ab'.repeat(32);
const smallest: PluginSpecInput = { name: 'geolocation', source: { kind: 'artifact', sha256 }, functionName: 'GetCompleteAddress' };

/** Where the first problem of that plugin is; undefined when there is none. */
function problemAt(change: Record<string, unknown>): string | undefined {
  const issue = PluginSpec.safeParse({ ...smallest, ...change }).error?.issues[0];
  return issue === undefined ? undefined : `/${issue.path.join('/')}`;
}

describe('PluginSpec', () => {
  it('denies everything that was not asked for', () => {
    const plugin = PluginSpec.parse(smallest);
    expect(plugin).toMatchObject({
      wasi: false,
      allowedHosts: [],
      allowPrivate: false,
      allowedPaths: {},
      hostFunctions: [],
      config: {},
      secrets: {},
    });
    expect(plugin).toMatchObject({ kind: 'backend', mapStore: 'memory', isolation: 'reuse', compat: 'torii' });
  });

  it('fills in every limit with the default of the table', () => {
    const defaults = Object.fromEntries(Object.entries(pluginLimits).map(([name, limit]) => [name, limit.default]));
    expect(PluginSpec.parse(smallest).limits).toEqual(defaults);
    expect(PluginSpec.parse({ ...smallest, limits: { cpuMs: 200 } }).limits).toEqual({ ...defaults, cpuMs: 200 });
  });

  it('holds each limit within its bounds', () => {
    for (const [name, { min, max }] of Object.entries(pluginLimits)) {
      expect(problemAt({ limits: { [name]: min } })).toBeUndefined();
      expect(problemAt({ limits: { [name]: max } })).toBeUndefined();
      for (const value of [min - 1, max + 1, min + 0.5, String(min), null]) expect(problemAt({ limits: { [name]: value } })).toBe(`/limits/${name}`);
    }
  });

  it('refuses fields it does not know, at every depth', () => {
    expect(PluginSpec.safeParse({ ...smallest, allowedhosts: [] }).error?.issues[0]).toMatchObject({
      code: 'unrecognized_keys',
      keys: ['allowedhosts'],
    });
    expect(problemAt({ limits: { cpu: 1 } })).toBe('/limits');
    expect(problemAt({ source: { kind: 'artifact', sha256, path: '/etc/passwd' } })).toBe('/source');
  });

  it('points to what is wrong', () => {
    expect(problemAt({ name: 'Not A Name' })).toBe('/name');
    expect(problemAt({ functionName: '' })).toBe('/functionName');
    expect(problemAt({ source: { kind: 'artifact', sha256: 'short' } })).toBe('/source/sha256');
    expect(problemAt({ source: { kind: 'carrier-pigeon' } })).toBe('/source/kind');
    expect(problemAt({ hostFunctions: ['plugin_map:read', 'plugin_map:execute'] })).toBe('/hostFunctions/1');
    expect(problemAt({ mapStore: 'disk' })).toBe('/mapStore');
    expect(problemAt({ config: { KEY: 1 } })).toBe('/config/KEY');
    expect(problemAt({ wasi: 'yes' })).toBe('/wasi');
  });
});

describe('AllowedHost', () => {
  it('takes a host, exact or by suffix, with scheme and port where wanted', () => {
    const good = [
      'example.com',
      '*.data.gouv.fr',
      'EXAMPLE.com.',
      'http://example.com',
      'https://example.com:8443',
      'localhost:80',
      '10.0.0.1',
      '[::1]:8080',
    ];
    for (const host of good) expect(AllowedHost.safeParse(host).success).toBe(true);
  });

  it('takes nothing that would allow more than it seems to', () => {
    const bad = [
      '',
      '*',
      '*.',
      'a.*.b',
      '*a.com',
      'example.com/path',
      'ftp://example.com',
      'user@example.com',
      'example.com ',
      'exa mple.com',
      '{a,b}.com',
      '!a.com',
    ];
    for (const host of bad) expect(AllowedHost.safeParse(host).success).toBe(false);
  });
});

describe('unavailableInPlugin', () => {
  it('finds nothing in a plugin of defaults, nor in what is there', () => {
    expect(unavailableInPlugin(PluginSpec.parse(smallest))).toEqual([]);
    expect(unavailableInPlugin(PluginSpec.parse({ ...smallest, kind: 'sink', compat: 'otoroshi' }))).toEqual([]);
  });

  it('names every value whose feature is not there yet, all at once', () => {
    const ahead = PluginSpec.parse({
      ...smallest,
      kind: 'job',
      source: { kind: 'http', url: 'https://example.com/a.wasm' },
      allowedPaths: { '/data': '/srv' },
      secrets: { API_KEY: { ref: 'api-key' } },
    });
    const issues = unavailableInPlugin(ahead);
    expect(issues.map((issue) => issue.pointer)).toEqual(['/kind', '/source/kind', '/allowedPaths', '/secrets']);
    for (const issue of issues) expect(issue).toMatchObject({ code: 'not_available', detail: expect.stringMatching(/ is not available yet$/) });
  });
});

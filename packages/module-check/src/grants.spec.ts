import { expect, it } from '@jest/globals';
import { grantIssues, grantsOf, storeLimitsOf } from './grants.js';

it('reads grants written either way', () => {
  const grants = grantsOf(['plugin_map:read', { name: 'plugin_datastore', access: ['read', 'write'] }]);
  expect([...grants]).toEqual(['plugin_map:read', 'plugin_datastore:read', 'plugin_datastore:write']);
});

it('grants nothing by a combination that does not exist', () => {
  expect([...grantsOf([{ name: 'state', access: ['read', 'write'] }])]).toEqual(['state:read']);
});

it('takes the narrowest of several limits for a store', () => {
  const storeLimits = storeLimitsOf([
    { name: 'plugin_map', access: ['read'], maxKeys: 10, ttlMs: 5 },
    { name: 'plugin_map', access: ['write'], maxKeys: 3 },
    'plugin_map:read',
  ]);
  expect(storeLimits).toEqual({ plugin_map: { maxKeys: 3, ttlMs: 5 } });
});

it('has a store evict when one of its grants says so', () => {
  const storeLimits = storeLimitsOf([
    { name: 'plugin_map', access: ['read'], eviction: 'none' },
    { name: 'plugin_map', access: ['write'], eviction: 'lru' },
    { name: 'global_map', access: ['read'], eviction: 'none' },
  ]);
  expect(storeLimits).toEqual({ plugin_map: { eviction: 'lru' } });
});

it.each([
  ['a store that all plugins share', 'global_map', 'memory'],
  ['a datastore', 'plugin_datastore', 'memory'],
  ['a map in Redis', 'plugin_map', 'shared'],
] as const)('refuses eviction in %s, with its place', (_store, name, mapStore) => {
  const hostFunctions = [{ name, access: ['read' as const], eviction: 'lru' as const }];
  expect(grantIssues({ hostFunctions, mapStore }).map(({ pointer }) => pointer)).toEqual(['/hostFunctions/0/eviction']);
  expect(grantIssues({ hostFunctions: [{ name: 'plugin_map', access: ['read'], eviction: 'lru' }], mapStore: 'memory' })).toEqual([]);
});

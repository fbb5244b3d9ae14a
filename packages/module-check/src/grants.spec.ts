import { expect, it } from '@jest/globals';
import { grantsOf, storeLimitsOf } from './grants.js';

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

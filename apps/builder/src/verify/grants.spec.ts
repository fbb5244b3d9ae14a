import { expect, it } from '@jest/globals';
import { grantedBy } from './grants.js';

it('reads grants written either way', () => {
  const { grants } = grantedBy(['plugin_map:read', { name: 'plugin_datastore', access: ['read', 'write'] }]);
  expect([...grants]).toEqual(['plugin_map:read', 'plugin_datastore:read', 'plugin_datastore:write']);
});

it('grants nothing by a combination that does not exist', () => {
  expect([...grantedBy([{ name: 'state', access: ['read', 'write'] }]).grants]).toEqual(['state:read']);
});

it('takes the narrowest of several limits for a store', () => {
  const { storeLimits } = grantedBy([
    { name: 'plugin_map', access: ['read'], maxKeys: 10, ttlMs: 5 },
    { name: 'plugin_map', access: ['write'], maxKeys: 3 },
    'plugin_map:read',
  ]);
  expect(storeLimits).toEqual({ plugin_map: { maxKeys: 3, ttlMs: 5 } });
});

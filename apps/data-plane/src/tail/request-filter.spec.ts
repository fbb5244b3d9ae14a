import { describe, expect, it } from '@jest/globals';
import type { TailFilter } from '@torii/contracts';
import { requestFilter } from './request-filter.js';
import type { TailedRequest, TailedTrace } from './tailed-request.js';

const request: TailedRequest = {
  requestId: 'rq_7',
  method: 'POST',
  host: 'Shop.example',
  path: '/cart/add',
  status: 502,
  error: { code: 'plugin.trapped', detail: 'it reached "unreachable"' },
};
const trace: TailedTrace = {
  routeName: 'cart',
  pluginName: 'basket',
  pluginVersion: 3,
  calls: [{ pluginName: 'gate', pluginVersion: 2 }],
};
const wants = (filter: object, of: Partial<TailedRequest> = {}): boolean => requestFilter(filter as TailFilter)({ ...request, ...of }, trace);

describe('requestFilter', () => {
  it('lets everything through when it asks for nothing', () => {
    expect(wants({})).toBe(true);
    expect(requestFilter({})(request, { ...trace, routeName: undefined, pluginName: undefined, pluginVersion: undefined, calls: [] })).toBe(true);
  });

  it.each([
    [{ route: 'cart' }, true],
    [{ route: 'car' }, false],
    [{ plugin: 'basket' }, true],
    [{ plugin: 'basket', version: 3 }, true],
    [{ plugin: 'basket', version: 2 }, false],
    [{ plugin: 'gate', version: 2 }, true],
    [{ plugin: 'gate', version: 3 }, false],
    [{ plugin: 'other' }, false],
    [{ version: 2 }, true],
    [{ statuses: ['5xx'] }, true],
    [{ statuses: ['404', '502'] }, true],
    [{ statuses: ['4xx', '503'] }, false],
    [{ text: 'CART/' }, true],
    [{ text: 'shop.example' }, true],
    [{ text: 'rq_7' }, true],
    [{ text: 'Trapped' }, true],
    [{ text: 'unreachable' }, true],
    [{ text: 'basket' }, false],
    [{ route: 'cart', statuses: ['404'] }, false],
  ])('wants by %j: %s', (filter, isWanted) => {
    expect(wants(filter)).toBe(isWanted);
  });

  it('finds no error text where there was no error', () => {
    expect(wants({ text: 'trapped' }, { status: 200, error: undefined })).toBe(false);
  });
});

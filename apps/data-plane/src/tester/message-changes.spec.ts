import { describe, expect, it } from '@jest/globals';
import type { OutgoingRequest } from '../pipeline/gateway-request.js';
import { requestChanges, responseChanges } from './message-changes.js';

const request: OutgoingRequest = {
  method: 'GET',
  path: '/a',
  search: 'q=1',
  rawHeaders: ['Host', 'x', 'X-Two', '1', 'x-two', '2', 'X-Gone', '1'],
  cookieHeader: undefined,
  body: new Uint8Array(3),
};
const response = { status: 200, headers: { a: '1', 'set-cookie': ['x=1', 'y=2'] }, body: 'é' };

describe('requestChanges', () => {
  it('names nothing of a request that stayed', () => {
    expect(requestChanges(request, request)).toBeUndefined();
    expect(requestChanges(request, { ...request })).toBeUndefined();
  });

  it('names method, url, headers and the length of the body, each only when it changed', () => {
    const after = { ...request, method: 'PUT', search: '', rawHeaders: ['host', 'x', 'X-Two', '1', 'X-New', 'n'], body: new Uint8Array(5) };
    expect(requestChanges(request, after)).toEqual({
      method: { before: 'GET', after: 'PUT' },
      url: { before: '/a?q=1', after: '/a' },
      headers: { added: { 'x-new': 'n' }, removed: { 'x-gone': '1' }, changed: { 'x-two': { before: '1, 2', after: '1' } } },
      body: { before_bytes: 3, after_bytes: 5 },
    });
  });

  it('takes a body that was read meanwhile for no change', () => {
    expect(requestChanges({ ...request, body: undefined }, request)).toBeUndefined();
  });
});

describe('responseChanges', () => {
  it('names status, headers and the length of the body', () => {
    expect(responseChanges(response, { status: 418, headers: { 'set-cookie': ['x=1'] }, body: undefined })).toEqual({
      status: { before: 200, after: 418 },
      headers: { added: {}, removed: { a: '1' }, changed: { 'set-cookie': { before: 'x=1, y=2', after: 'x=1' } } },
      body: { before_bytes: 2, after_bytes: 0 },
    });
    expect(responseChanges(response, { ...response })).toBeUndefined();
  });
});

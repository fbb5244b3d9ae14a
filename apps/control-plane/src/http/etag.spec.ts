import { describe, expect, it } from '@jest/globals';
import { checkPreconditions, etagOf, isNotModified } from './etag.js';

const etag = etagOf({ a: 1 });
const none = { ifMatch: undefined, ifNoneMatch: undefined };

describe('etagOf', () => {
  it('does not depend on the order of fields', () => {
    expect(etagOf({ a: 1, b: 2 })).toBe(etagOf({ b: 2, a: 1 }));
    expect(etagOf({ a: 1 })).not.toBe(etagOf({ a: 2 }));
  });
});

describe('checkPreconditions', () => {
  it('lets an unconditional write through', () => {
    expect(() => checkPreconditions(none, etag)).not.toThrow();
    expect(() => checkPreconditions(none, undefined)).not.toThrow();
  });

  it('lets a write through whose If-Match names the entity, alone or in a list', () => {
    for (const ifMatch of [etag, '*', `"other", ${etag}`]) expect(() => checkPreconditions({ ...none, ifMatch }, etag)).not.toThrow();
  });

  it('refuses a write whose If-Match names another state, or an entity that is gone', () => {
    expect(() => checkPreconditions({ ...none, ifMatch: '"other"' }, etag)).toThrow(expect.objectContaining({ code: 'client.stale_revision' }));
    expect(() => checkPreconditions({ ...none, ifMatch: '*' }, undefined)).toThrow(expect.objectContaining({ code: 'client.stale_revision' }));
  });

  it('does not take a weak tag for If-Match', () => {
    expect(() => checkPreconditions({ ...none, ifMatch: `W/${etag}` }, etag)).toThrow();
  });

  it('refuses to create what exists when If-None-Match is *', () => {
    expect(() => checkPreconditions({ ...none, ifNoneMatch: '*' }, etag)).toThrow();
    expect(() => checkPreconditions({ ...none, ifNoneMatch: '*' }, undefined)).not.toThrow();
  });
});

describe('isNotModified', () => {
  it('holds for readers who have the representation', () => {
    expect(isNotModified(etag, etag)).toBe(true);
    expect(isNotModified(`W/${etag}`, etag)).toBe(true);
    expect(isNotModified('"other"', etag)).toBe(false);
    expect(isNotModified(undefined, etag)).toBe(false);
  });
});

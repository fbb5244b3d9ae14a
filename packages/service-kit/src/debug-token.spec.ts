import { expect, it } from '@jest/globals';
import { debugTokenKey, openDebugToken, signDebugToken } from './debug-token.js';
import { Secret } from './secret.js';

const key = debugTokenKey(new Secret('the-token-of-the-nodes'));
const exp = 2_000_000_000;
const before = { nowMs: exp * 1000 - 1, epoch: undefined };

it('says what was signed, until its second begins', () => {
  const claims = { exp, route: 'rt_1' };
  const token = signDebugToken(key, claims);
  expect(openDebugToken(key, token, before)).toEqual(claims);
  expect(openDebugToken(key, token, { ...before, nowMs: exp * 1000 })).toBe('expired');
});

it('takes tokens of the epoch that is now, and of no other', () => {
  const [first, second] = [signDebugToken(key, { exp }), signDebugToken(key, { exp, epoch: 'second' })];
  expect(openDebugToken(key, first, { ...before, epoch: 'second' })).toBe('revoked');
  expect(openDebugToken(key, second, { ...before, epoch: 'second' })).toEqual({ exp, epoch: 'second' });
  expect(openDebugToken(key, second, { ...before, epoch: 'third' })).toBe('revoked');
  expect(openDebugToken(key, second, before)).toBe('revoked');
});

it('takes no token that was signed with another key', () => {
  const token = signDebugToken(debugTokenKey(new Secret('the-token-of-others')), { exp });
  expect(openDebugToken(key, token, before)).toBe('invalid');
});

it('takes no token of which any character was changed', () => {
  const token = signDebugToken(key, { exp });
  // The last character holds bits that mean nothing.
  for (let at = 0; at < token.length - 1; at += 1) {
    const changed = token[at] === 'A' ? 'B' : 'A';
    expect(openDebugToken(key, `${token.slice(0, at)}${changed}${token.slice(at + 1)}`, before)).toBe('invalid');
  }
});

it('takes no text that is no token', () => {
  for (const text of ['', '.', 'a', 'a.b', '..', `${'e30'}.`, 'x'.repeat(100_000), `a.${'b'.repeat(100_000)}`]) {
    expect(openDebugToken(key, text, before)).toBe('invalid');
  }
});

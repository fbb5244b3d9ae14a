import { expect, it } from '@jest/globals';
import { orAbandoned } from './or-abandoned.js';

it('answers what the work answers, and fails as it fails', async () => {
  const { signal } = new AbortController();
  expect(await orAbandoned(Promise.resolve(7), signal)).toBe(7);
  await expect(orAbandoned(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
});

it('waits for work that ends after it was told to', async () => {
  expect(await orAbandoned(Promise.resolve(7), AbortSignal.abort(new Error('over')))).toBe(7);
});

it('leaves work that does not end to itself, some time after it was told to', async () => {
  await expect(orAbandoned(new Promise(() => undefined), AbortSignal.abort(new Error('over')), 10)).rejects.toThrow('over');
});

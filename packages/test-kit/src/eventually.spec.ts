import { describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';

describe('eventually', () => {
  it('goes on while the attempt throws or answers false, and answers its result', async () => {
    let attempts = 0;
    const result = await eventually(
      () => {
        attempts++;
        if (attempts === 1) throw new Error('not yet');
        return attempts === 2 ? false : 'done';
      },
      { intervalMs: 1 },
    );
    expect([result, attempts]).toEqual(['done', 3]);
  });

  it('throws what the last attempt threw when the time is over', async () => {
    const failing = eventually(() => Promise.reject(new Error('still wrong')), { timeoutMs: 20, intervalMs: 1 });
    await expect(failing).rejects.toThrow('still wrong');
    await expect(eventually(() => false, { timeoutMs: 1, intervalMs: 1 })).rejects.toThrow('still false after 1 ms');
  });
});

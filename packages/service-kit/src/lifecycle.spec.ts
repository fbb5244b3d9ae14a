import { describe, expect, it } from '@jest/globals';
import type { Clock } from './clock.js';
import { Deadline } from './deadline.js';
import { Lifecycle } from './lifecycle.js';
import { createLogger } from './logger.js';

describe('Lifecycle', () => {
  it('closes in reverse order, once, and goes on when a part fails to close', async () => {
    const closed: string[] = [];
    const lifecycle = new Lifecycle(createLogger({ level: 'silent', app: 'test' }));
    lifecycle.onClose('first', () => void closed.push('first'));
    lifecycle.onClose('broken', () => {
      throw new Error('stuck');
    });
    lifecycle.onClose('last', async () => void closed.push('last'));
    await Promise.all([lifecycle.close(), lifecycle.close()]);
    expect(closed).toEqual(['last', 'first']);
  });
});

describe('Deadline', () => {
  it('never has less than nothing left, and can only be brought forward', () => {
    let nowMs = 1000;
    const clock: Clock = { nowMs: () => nowMs, date: () => new Date(0) };
    const deadline = Deadline.after(100, clock);
    expect(deadline.sooner(500).remainingMs()).toBe(100);
    expect(deadline.sooner(30).remainingMs()).toBe(30);
    nowMs = 1100;
    expect(deadline.isPast).toBe(true);
    nowMs = 5000;
    expect(deadline.remainingMs()).toBe(0);
  });
});

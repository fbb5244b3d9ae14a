import { describe, expect, it } from '@jest/globals';
import { CircuitBreaker } from './circuit-breaker.js';

describe('CircuitBreaker', () => {
  function afterTimeouts(count: number): { breaker: CircuitBreaker; clock: { now: number; nowMs(): number } } {
    const clock = { now: 0, nowMs: () => clock.now };
    const breaker = new CircuitBreaker({ clock, maxTimeouts: 3, openMs: 1_000 });
    for (let timeout = 0; timeout < count; timeout++) breaker.timedOut();
    return { breaker, clock };
  }

  it('lets everything through until there were too many timeouts in a row', () => {
    const { breaker } = afterTimeouts(2);
    expect(breaker.tryEnter()).toBe(true);
    breaker.succeeded();
    breaker.timedOut();
    breaker.timedOut();
    expect(breaker.tryEnter()).toBe(true);
    breaker.timedOut();
    expect(breaker.tryEnter()).toBe(false);
  });

  it('lets one attempt through after a while, and everything again when that succeeds', () => {
    const { breaker, clock } = afterTimeouts(3);
    clock.now = 999;
    expect(breaker.tryEnter()).toBe(false);
    clock.now = 1_000;
    expect([breaker.tryEnter(), breaker.tryEnter()]).toEqual([true, false]);
    breaker.succeeded();
    expect([breaker.tryEnter(), breaker.tryEnter()]).toEqual([true, true]);
  });

  it('refuses for as long again when the attempt times out, and tries another one when it fails otherwise', () => {
    const { breaker, clock } = afterTimeouts(3);
    clock.now = 1_000;
    expect(breaker.tryEnter()).toBe(true);
    breaker.timedOut();
    clock.now = 1_999;
    expect(breaker.tryEnter()).toBe(false);
    clock.now = 2_000;
    expect(breaker.tryEnter()).toBe(true);
    breaker.failed();
    expect(breaker.tryEnter()).toBe(true);
  });

  it('does not count errors that come quickly', () => {
    const { breaker } = afterTimeouts(0);
    for (let error = 0; error < 100; error++) breaker.failed();
    expect(breaker.tryEnter()).toBe(true);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Clock } from '@torii/service-kit';
import { Quarantine } from './quarantine.js';

const options = { offencesMin: 3, windowMs: 1_000, backOffMs: 100, backOffMaxMs: 400 };

function startQuarantine(): { readonly quarantine: Quarantine; pass(ms: number): void; codeOfEntry(): string } {
  let nowMs = 1_000;
  const clock: Clock = { nowMs: () => nowMs, date: () => new Date(nowMs) };
  const quarantine = new Quarantine(clock, options);
  const codeOfEntry = (): string => {
    try {
      quarantine.enter();
      return 'none';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  return { quarantine, codeOfEntry, pass: (ms) => (nowMs += ms) };
}

/** Offences until the plugin is under quarantine. */
function offend(quarantine: Quarantine, times = options.offencesMin): void {
  for (let left = times; left > 0; left -= 1) {
    quarantine.enter();
    quarantine.leave(true);
  }
}

describe('Quarantine', () => {
  it('refuses a plugin that does nothing but offend, and says for how long', () => {
    const { quarantine, codeOfEntry } = startQuarantine();
    offend(quarantine, 2);
    expect(codeOfEntry()).toBe('none');
    quarantine.leave(true);
    expect(() => quarantine.enter()).toThrow(expect.objectContaining({ code: 'plugin.quarantined', headers: { 'retry-after': '1' } }));
  });

  it('leaves a plugin alone that answers more often than it offends', () => {
    const { quarantine, codeOfEntry } = startQuarantine();
    for (let round = 0; round < 50; round += 1) {
      for (const isOffence of [true, false, false]) {
        expect(codeOfEntry()).toBe('none');
        quarantine.leave(isOffence);
      }
    }
  });

  it('forgets offences that lie further back than the window', () => {
    const { quarantine, codeOfEntry, pass } = startQuarantine();
    for (let round = 0; round < 10; round += 1) {
      offend(quarantine, 2);
      pass(1_001);
    }
    expect(codeOfEntry()).toBe('none');
  });

  it('lets one call through when the time is up, and all of them when that ends well', () => {
    const { quarantine, codeOfEntry, pass } = startQuarantine();
    offend(quarantine);
    pass(100);
    expect([codeOfEntry(), codeOfEntry()]).toEqual(['none', 'plugin.quarantined']);
    quarantine.leave(false);
    expect([codeOfEntry(), codeOfEntry()]).toEqual(['none', 'none']);
  });

  it('keeps a plugin that relapses for twice as long each time, up to a limit', () => {
    const { quarantine, codeOfEntry, pass } = startQuarantine();
    offend(quarantine);
    for (const keptMs of [100, 200, 400, 400]) {
      pass(keptMs - 1);
      expect(codeOfEntry()).toBe('plugin.quarantined');
      pass(1);
      expect(codeOfEntry()).toBe('none');
      quarantine.leave(true);
    }
    expect(quarantine.times).toBe(5);
  });

  it('lets a plugin back in that was confined from outside while a probe was under way', () => {
    const { quarantine, codeOfEntry, pass } = startQuarantine();
    offend(quarantine);
    pass(100);
    quarantine.enter();
    quarantine.confine();
    quarantine.leave(false);
    pass(200);
    expect(codeOfEntry()).toBe('none');
    quarantine.leave(false);
    expect([codeOfEntry(), codeOfEntry()]).toEqual(['none', 'none']);
  });

  it('does not take a call that was under way when it began for a probe', () => {
    const { quarantine, codeOfEntry, pass } = startQuarantine();
    quarantine.enter();
    offend(quarantine);
    quarantine.leave(false);
    expect(codeOfEntry()).toBe('plugin.quarantined');
    pass(100);
    expect(codeOfEntry()).toBe('none');
  });
});

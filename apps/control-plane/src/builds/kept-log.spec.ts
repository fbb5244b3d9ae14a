import { describe, expect, it } from '@jest/globals';
import type { BuildLogEntry } from '@torii/contracts';
import { anyText } from '@torii/test-kit';
import fc from 'fast-check';
import { completeLog, isAfter, keepLog, keptLog, type NumberedEntry } from './kept-log.js';

const at = new Date('2026-01-01T00:00:00.000Z');
const line = (text: string): BuildLogEntry => ({ type: 'line', at: at.toISOString(), stream: 'stdout', text });

describe('a kept log', () => {
  it('is read as it was written, whatever a compiler printed', () => {
    fc.assert(
      fc.property(fc.array(anyText()), (texts) => {
        const entries = texts.map((text, index): NumberedEntry => ({ id: `7-${index}`, entry: line(text) }));
        const kept = keepLog(entries);
        expect(keptLog(kept)).toEqual(entries);
        expect(kept).not.toContain('\0'); // PostgreSQL keeps none
      }),
    );
  });
});

describe('completeLog', () => {
  it('ends with the status that was recorded, not with what a builder said', () => {
    const said: NumberedEntry[] = [
      { id: '5-0', entry: line('hello') },
      { id: '6-0', entry: { type: 'end', at: at.toISOString(), status: 'succeeded' } },
    ];
    const entries = completeLog(said, { at, status: 'failed' });
    expect(entries.map(({ entry }) => entry.type)).toEqual(['line', 'stage', 'end']);
    expect(entries.at(-1)?.entry).toMatchObject({ status: 'failed' });
  });

  it('gives ids that grow, also when the clock of Redis is ahead', () => {
    for (const id of ['5-0', `${at.getTime() + 60_000}-9`]) {
      const ids = completeLog([{ id, entry: line('hello') }], { at, status: 'succeeded' }).map((entry) => entry.id);
      for (const [index, later] of ids.slice(1).entries()) expect(isAfter(later, ids[index])).toBe(true);
    }
  });
});

describe('isAfter', () => {
  it('orders ids by number, and puts everything after what is no id', () => {
    expect(isAfter('10-0', '9-5')).toBe(true);
    expect(isAfter('9-10', '9-9')).toBe(true);
    expect(isAfter('9-9', '9-9')).toBe(false);
    expect(isAfter('0-0', undefined)).toBe(true);
    expect(isAfter('0-0', 'nonsense')).toBe(true);
  });
});

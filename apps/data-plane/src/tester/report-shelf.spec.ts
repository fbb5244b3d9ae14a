import { describe, expect, it } from '@jest/globals';
import { testerLimits } from '@torii/contracts';
import { ReportShelf } from './report-shelf.js';

describe('ReportShelf', () => {
  it('keeps so many reports, and gives up the oldest for the newest', () => {
    const shelf = new ReportShelf({ maxChars: 1_000_000 });
    for (let index = 0; index <= testerLimits.reportsKeptMax; index += 1) shelf.keep(`rp_${index}`, `{"id":${index}}`);
    expect(shelf.find('rp_0')).toBeUndefined();
    expect(shelf.find('rp_1')).toBe('{"id":1}');
    expect(shelf.find(`rp_${testerLimits.reportsKeptMax}`)).toBeDefined();
  });

  it('keeps so much of them, and nothing that alone is more', () => {
    const shelf = new ReportShelf({ maxChars: 10 });
    for (const id of ['a', 'b', 'c']) shelf.keep(id, 'xxxx');
    expect(['a', 'b', 'c'].map((id) => shelf.find(id))).toEqual([undefined, 'xxxx', 'xxxx']);
    shelf.keep('d', 'x'.repeat(11));
    expect(['b', 'c', 'd'].map((id) => shelf.find(id))).toEqual(['xxxx', 'xxxx', undefined]);
  });

  it('forgets them after a while', () => {
    let nowMs = 0;
    const shelf = new ReportShelf({ maxChars: 100, nowMs: () => nowMs });
    shelf.keep('a', '{}');
    nowMs = testerLimits.reportKeptMs;
    expect(shelf.find('a')).toBe('{}');
    nowMs += 1;
    expect(shelf.find('a')).toBeUndefined();
  });
});

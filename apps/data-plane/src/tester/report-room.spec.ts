import { describe, expect, it } from '@jest/globals';
import type { PluginReport } from './plugin-report.js';
import { ReportRoom } from './report-room.js';

function aReport(input: string): PluginReport {
  const span = { start: 0, start_fmt: '', stop: 0, stop_fmt: '', duration: 0, duration_ns: 7 };
  const debug = { in: { ctx: input }, out: { result: { kind: 'denied' as const, status: 403 }, ctx: {} } };
  return { plugin: 'gate', name: 'gate', ...span, execution_debug: debug, torii: { kind: 'access_validator', version: 2 } };
}

describe('ReportRoom', () => {
  it('leaves out what a plugin was given and did when others have taken the room, but not that it was called, and how that ended', () => {
    const room = new ReportRoom(1_000);
    const [first, second, third] = ['x'.repeat(500), 'y'.repeat(500), 'z'].map((input) => room.fitted(aReport(input)));
    expect(first).toEqual(aReport('x'.repeat(500)));
    expect(second).toMatchObject({
      plugin: 'gate',
      duration_ns: 7,
      execution_debug: { in: { ctx: null }, out: { result: { kind: 'denied' }, ctx: null } },
      torii: { kind: 'access_validator', version: 2, left_out: expect.stringContaining('too long') },
    });
    expect(third).toEqual(aReport('z'));
  });
});

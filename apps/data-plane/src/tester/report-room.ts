import type { PluginReport } from './plugin-report.js';

/** So much of one report may be about plugins, all together; what each of them has a limit of its own for adds up. */
export class ReportRoom {
  constructor(private leftChars: number) {}

  /** What is said of a plugin; what it had and did is left out, and that is said, where there is no room for it. */
  fitted(report: PluginReport): PluginReport {
    const chars = JSON.stringify(report).length;
    if (chars <= this.leftChars) {
      this.leftChars -= chars;
      return report;
    }
    const { execution_debug, torii, ...facts } = report;
    const { kind } = execution_debug.out.result;
    const rest = { kind: torii.kind, version: torii.version, left_out: 'what it was given, answered and did: the report is too long' };
    return { ...facts, execution_debug: { in: { ctx: null }, out: { result: { kind }, ctx: null } }, torii: rest };
  }
}

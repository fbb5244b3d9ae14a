import { type Report, testerLimits } from '@torii/contracts';

interface Kept {
  readonly json: string;
  readonly atMs: number;
}

export interface ReportShelfOptions {
  /** Of all reports together (characters of JSON). */
  readonly maxChars: number;
  readonly nowMs?: () => number;
}

/** The last reports of a node, for a while: the oldest go when there are too many, or when they take too much. */
export class ReportShelf {
  /** The oldest first. */
  private readonly kept = new Map<string, Kept>();
  private chars = 0;
  private readonly nowMs: () => number;

  constructor(private readonly options: ReportShelfOptions) {
    this.nowMs = options.nowMs ?? (() => performance.now());
  }

  /** `json` is the report. One that alone is too large is not kept. */
  keep(id: Report['id'], json: string): void {
    if (json.length > this.options.maxChars) return;
    this.remove(id);
    this.kept.set(id, { json, atMs: this.nowMs() });
    this.chars += json.length;
    for (const [oldest, { atMs }] of this.kept) {
      const isOver = this.kept.size > testerLimits.reportsKeptMax || this.chars > this.options.maxChars;
      if (!isOver && !this.isOld(atMs)) break;
      this.remove(oldest);
    }
  }

  /** The report as JSON. */
  find(id: string): string | undefined {
    const kept = this.kept.get(id);
    if (kept === undefined || this.isOld(kept.atMs)) return undefined;
    return kept.json;
  }

  private isOld(atMs: number): boolean {
    return this.nowMs() - atMs > testerLimits.reportKeptMs;
  }

  private remove(id: string): void {
    this.chars -= this.kept.get(id)?.json.length ?? 0;
    this.kept.delete(id);
  }
}

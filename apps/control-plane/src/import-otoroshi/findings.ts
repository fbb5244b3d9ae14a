import { importLimits } from './import-limits.js';
import type { ImportItem, Severity } from './report.js';

interface Reason {
  readonly why: string;
  readonly instead?: string;
}

/** Texts of the file stand in what is said about them, and may be long. */
const textMaxChars = 500;

/** Collects what could not be taken over as it is. Counts all, and keeps the first `max` of them. */
export class Findings {
  readonly items: ImportItem[] = [];
  readonly counts: Record<Severity, number> = { lost: 0, changed: 0, ignored: 0 };

  constructor(private readonly max: number = importLimits.itemsPerEntityMax) {}

  get leftOff(): number {
    return this.counts.lost + this.counts.changed + this.counts.ignored - this.items.length;
  }

  lost(pointer: string, what: string, reason: Reason): void {
    this.add({ pointer, severity: 'lost', what, ...reason });
  }

  changed(pointer: string, what: string, reason: Reason): void {
    this.add({ pointer, severity: 'changed', what, ...reason });
  }

  ignored(pointer: string, what: string, reason: Reason): void {
    this.add({ pointer, severity: 'ignored', what, ...reason });
  }

  addAll(others: Findings): void {
    for (const item of others.items) this.keep(item);
    for (const severity of ['lost', 'changed', 'ignored'] as const) this.counts[severity] += others.counts[severity];
  }

  private add(item: ImportItem): void {
    this.counts[item.severity] += 1;
    const { instead } = item;
    this.keep({ ...item, what: shortened(item.what), why: shortened(item.why), ...(instead === undefined ? {} : { instead: shortened(instead) }) });
  }

  private keep(item: ImportItem): void {
    if (this.items.length < this.max) this.items.push(item);
  }
}

function shortened(text: string): string {
  return text.length <= textMaxChars ? text : `${text.slice(0, textMaxChars)}...`;
}

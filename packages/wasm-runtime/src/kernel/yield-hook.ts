import { yieldGateBase64 } from './kernel.generated.js';

const yieldGate = new WebAssembly.Module(Buffer.from(yieldGateBase64, 'base64'));

/** What a guest's fuel checks call, through its table: one of two gates, of which only one can suspend the guest. */
export class YieldHook {
  private readonly table: WebAssembly.Table;
  private readonly onCheck: () => number | Promise<number>;
  private plainGate: unknown;
  private suspendingGate: unknown;
  private current: unknown;

  /** `onCheck` answers 0 to go on and other than 0 to trap. */
  constructor(table: WebAssembly.Table, onCheck: () => number | Promise<number>) {
    this.table = table;
    this.onCheck = onCheck;
  }

  /** For calls that must not suspend: `onCheck` has to answer a number. */
  answerPlainly(): void {
    this.plainGate ??= gateOf(this.onCheck);
    this.open(this.plainGate);
  }

  /** For calls by `promising`: `onCheck` may answer a promise. */
  answerSuspending(): void {
    this.suspendingGate ??= gateOf(new WebAssembly.Suspending(this.onCheck));
    this.open(this.suspendingGate);
  }

  private open(gate: unknown): void {
    if (this.current === gate) return;
    this.table.set(0, gate);
    this.current = gate;
  }
}

function gateOf(onCheck: unknown): unknown {
  return new WebAssembly.Instance(yieldGate, { host: { yield: onCheck } }).exports.check;
}

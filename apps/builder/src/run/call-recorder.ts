import { type FunctionRun, type HostCall, runLimits } from '@torii/contracts';
import type { CallCosts, CallObserver, ObservedHostCall, ObservedLine } from '@torii/wasm-runtime';

/** Keeps what one run of a function did, within `runLimits`. */
export class CallRecorder implements CallObserver {
  readonly logLinesMax = runLimits.logLinesMax;
  readonly logs: FunctionRun['logs'] = [];
  readonly hostCalls: HostCall[] = [];
  costs: Pick<CallCosts, 'cpuMs' | 'hostMs' | 'memoryBytes'> = { cpuMs: 0, hostMs: 0, memoryBytes: 0 };
  private hasCutCalls = false;

  onHostCall(call: ObservedHostCall): void {
    if (this.hostCalls.length < runLimits.hostCallsMax) {
      this.hostCalls.push({ ...call });
      return;
    }
    if (this.hasCutCalls) return;
    this.hasCutCalls = true;
    const message = `the first ${runLimits.hostCallsMax} calls of host functions are listed`;
    this.logs.push({ level: 'warn', message, atMs: call.startMs });
  }

  onLog(line: ObservedLine): void {
    this.logs.push({ ...line });
  }

  onEnd(costs: CallCosts): void {
    this.costs = costs;
  }
}

import { pairedLoopMaxBytes } from './check-point.js';
import { formatLimits } from './format-limits.js';
import { WasmFormatError } from './wasm-format-error.js';

/** Ways that the checks of a loop add to it. */
const waysOfChecks = 5;
/** Up to so many values are handed over for nothing. */
const fewValues = 8;

/**
 * What an engine that compiles the code of a module needs memory for out of proportion to the length of the code. Each
 * method throws `WasmFormatError` once that is more than `formatLimits` allow; `at` is the place that is then told.
 */
export class EngineLoad {
  /** Places of the function from which control can go more than one way, or somewhere else than on. */
  private ways = 0;
  /** How many there were where the loop began that is the innermost; undefined where that is no longer open. */
  private waysBeforeLoop: number | undefined;
  private localsByWays = 0;
  private values = 0;

  beginFunction(): void {
    this.ways = 0;
    this.waysBeforeLoop = undefined;
  }

  addWay(): void {
    this.ways += 1;
  }

  beginLoop(): void {
    this.waysBeforeLoop = this.ways;
  }

  /** Of a loop that is `bytes` long: its checks, and once more what is in it if it may be paired. */
  endLoop(bytes: number): void {
    const { ways, waysBeforeLoop } = this;
    this.ways += waysOfChecks;
    if (waysBeforeLoop !== undefined && bytes <= pairedLoopMaxBytes) this.ways += ways - waysBeforeLoop;
    this.waysBeforeLoop = undefined;
  }

  /** Values that a function, a block or a branch hands over. */
  addValues(values: number, at: number): void {
    if (values <= fewValues) return;
    this.values += values;
    if (this.values > formatLimits.values) throw new WasmFormatError(`functions and blocks hand over more than ${formatLimits.values} values`, at);
  }

  endFunction(localCount: number, at: number): void {
    const localsByWays = localCount * this.ways;
    this.localsByWays += localsByWays;
    if (localsByWays > formatLimits.localsByWays) {
      throw new WasmFormatError(
        `a function of ${localCount} locals and ${this.ways} ways; at most ${formatLimits.localsByWays} of both multiplied are accepted`,
        at,
      );
    }
    if (this.localsByWays > formatLimits.localsByWaysInAll) {
      throw new WasmFormatError(`functions of many locals and many ways, together more than ${formatLimits.localsByWaysInAll}`, at);
    }
  }
}

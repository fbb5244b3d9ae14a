import { describeError } from './describe-error.js';
import { format, inspect } from './inspect.js';
import { native } from './native.js';
import { expectFeature, isAtBuild } from './phase.js';
import { mapPositions } from './source-positions.js';

const levels = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 } as const;

const counts = new Map<string, number>();
const timers = new Map<string, number>();

/** https://console.spec.whatwg.org/: lines go to the plugin's log, and at the top level to that of the build. */
export const console = {
  log: printer('info', 'log'),
  info: printer('info', 'info'),
  debug: printer('debug', 'debug'),
  warn: printer('warn', 'warn'),
  error: printer('error', 'error'),

  trace(...values: unknown[]): void {
    const [, ...stack] = describeError(new Error()).split('\n');
    write(levels.trace, 'trace', [`Trace: ${format(values)}`, ...stack].join('\n'));
  },

  assert(condition: unknown, ...values: unknown[]): void {
    if (!condition) write(levels.error, 'assert', `Assertion failed${values.length === 0 ? '' : `: ${format(values)}`}`);
  },

  dir(value: unknown): void {
    write(levels.info, 'dir', inspect(value));
  },

  table(value: unknown): void {
    write(levels.info, 'table', inspect(value));
  },

  count(label: unknown = 'default'): void {
    const name = String(label);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    write(levels.info, 'count', `${name}: ${count}`);
  },

  countReset(label: unknown = 'default'): void {
    counts.delete(String(label));
  },

  time(label: unknown = 'default'): void {
    timers.set(String(label), native.clock(1));
  },

  timeEnd(label: unknown = 'default'): void {
    const name = String(label);
    const startedAtMs = timers.get(name);
    timers.delete(name);
    if (startedAtMs !== undefined) write(levels.info, 'timeEnd', `${name}: ${(native.clock(1) - startedAtMs).toFixed(3)} ms`);
  },

  group: printer('info', 'group'),
  groupEnd(): void {},
};

function printer(level: keyof typeof levels, name: string): (...values: unknown[]) => void {
  return (...values) => write(levels[level], name, format(values));
}

function write(level: number, name: string, text: string): void {
  const line = mapPositions(text);
  if (isAtBuild()) {
    native.buildLog(level, line);
    return;
  }
  expectFeature('console', `console.${name}`);
  native.log(level, line);
}

import { mapPositions } from './source-positions.js';

const causesMax = 5;
/** Kept from before the function's own code could change them. */
const AnyError = Error;
const { stringify } = JSON;
const { isArray } = Array;

/** What was thrown, as a human reads it: name, message, and where in the function's own sources. */
export function describeError(thrown: unknown): string {
  const parts: string[] = [];
  let current = thrown;
  for (let depth = 0; depth < causesMax; depth += 1) {
    parts.push(describeOne(current), ...gatheredIn(current).map(describeOne));
    if (!(current instanceof AnyError) || current.cause === undefined) break;
    current = current.cause;
  }
  return parts.join('\ncaused by ');
}

/** Those of an `AggregateError`. */
function gatheredIn(thrown: unknown): readonly unknown[] {
  const errors = thrown instanceof AnyError ? (thrown as { readonly errors?: unknown }).errors : undefined;
  return isArray(errors) ? errors.slice(0, causesMax) : [];
}

function describeOne(thrown: unknown): string {
  if (!(thrown instanceof AnyError)) return `thrown: ${textOf(thrown)}`;
  const { name, message, stack } = thrown;
  const head = message === '' ? String(name) : `${name}: ${message}`;
  const lines = typeof stack === 'string' ? stack.split('\n').filter((line) => isOfTheFunction(line)) : [];
  return [head, ...lines.map((line) => mapPositions(line))].join('\n');
}

/** Not of the prelude, whose bytecode has no positions, or of the engine. */
function isOfTheFunction(line: string): boolean {
  return line.trim() !== '' && !line.includes('torii:prelude') && !line.includes('(native)');
}

function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    try {
      return stringify(value) ?? String(value);
    } catch {
      return Object.prototype.toString.call(value);
    }
  }
  return String(value);
}

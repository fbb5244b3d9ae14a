import type { CheckPoint } from './check-point.js';
import { eventKinds, eventWidth } from './code-events.js';

/**
 * The labels of a function, from event `start` to `end`, that must count more blocks than they did: those which lead out of
 * `wrapped` loops, given by the events that open them, around each of which there is to be another loop.
 */
export function deeperLabels(
  numbers: Int32Array,
  { start, end }: { readonly start: number; readonly end: number },
  wrapped: ReadonlySet<number>,
): readonly CheckPoint[] {
  const points: CheckPoint[] = [];
  /** For each block that is open, the function included, how many wrapped loops there are up to and including it. */
  const wrappedUpTo = [0];
  for (let event = start; event < end; event += eventWidth) {
    const kind = numbers[event] ?? 0;
    const here = wrappedUpTo.at(-1) ?? 0;
    if (kind <= eventKinds.try) wrappedUpTo.push(wrapped.has(event) ? here + 1 : here);
    else if (kind === eventKinds.end) wrappedUpTo.pop();
    else if (kind >= eventKinds.branch && kind <= eventKinds.catchTarget) {
      const label = numbers[event + 3] ?? 0;
      const between = here - (wrappedUpTo[wrappedUpTo.length - 1 - label] ?? 0);
      if (between > 0) points.push({ kind: 'label', at: numbers[event + 1] ?? 0, label: label + between });
    }
  }
  return points;
}

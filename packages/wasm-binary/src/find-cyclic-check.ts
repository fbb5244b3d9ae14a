import { type CodeEvents, eventKinds, eventWidth } from './code-events.js';

/**
 * The event before which a recursive function must pay: as late as possible, on every way to a call that `isCyclic`
 * accepts, and at most once per call of the function. Undefined if all such calls are in loops, which pay themselves.
 *
 * Late, because a recursion ends in calls that go no deeper: a Fibonacci function pays in half of its calls only. It is
 * the place before the first such call, taken out of as many blocks as are needed for the others to lie behind it.
 */
export function findCyclicCheck(events: CodeEvents, start: number, end: number, isCyclic: (event: number) => boolean): number | undefined {
  const { numbers } = events;
  /** The events that opened what is open, the function itself not counted. */
  const opened: number[] = [];
  let found: { readonly path: readonly number[]; depth: number } | undefined;
  let shallowest = 0;

  for (let event = start; event < end; event += eventWidth) {
    const kind = numbers[event] ?? 0;
    if (kind === eventKinds.loop) event = numbers[event + 3] ?? event;
    else if (kind <= eventKinds.try) opened.push(event);
    else if (kind === eventKinds.end) {
      opened.pop();
      shallowest = Math.min(shallowest, opened.length);
    } else if (kind === eventKinds.else || kind === eventKinds.catch) {
      shallowest = Math.min(shallowest, opened.length - 1);
    } else if (isCyclic(event)) {
      if (found === undefined) {
        found = { path: [...opened, event], depth: opened.length };
        shallowest = opened.length;
      } else {
        found.depth = Math.min(found.depth, shallowest);
      }
    }
  }
  return found?.path[Math.max(0, found.depth)];
}

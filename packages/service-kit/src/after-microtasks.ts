/** Calls back in this turn of the event loop, but behind all microtasks and those that they bring: node runs a tick when none is left. */
export function afterMicrotasks(callback: () => void): void {
  queueMicrotask(() => process.nextTick(callback));
}

/** What a compiler gets to end after its signal was aborted, beyond what it promises. */
const abandonAfterMs = 5_000;

/**
 * What the work resolves with; or the signal's reason, when the work has not ended so long after that was aborted:
 * a compiler that does not stop must not keep its slot for good.
 */
export async function orAbandoned<Result>(work: Promise<Result>, signal: AbortSignal, graceMs = abandonAfterMs): Promise<Result> {
  const { promise: abandoned, reject } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => reject(signal.reason), graceMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined); // nobody waits for it any more
  }
}

/** How long to wait before something that ended is begun again: not at all at first, twice as long each time it ends soon. */
export class BackOff {
  private failures = 0;

  constructor(private readonly options: { readonly firstMs: number; readonly maxMs: number; readonly forgivenAfterMs: number }) {}

  /** To be called with how long it lasted when it ended; answers the wait (ms). */
  nextMs(lastedMs: number): number {
    const { firstMs, maxMs, forgivenAfterMs } = this.options;
    if (lastedMs >= forgivenAfterMs) this.failures = 0;
    const waitMs = this.failures === 0 ? 0 : Math.min(maxMs, firstMs * 2 ** (this.failures - 1));
    this.failures += 1;
    return waitMs;
  }
}

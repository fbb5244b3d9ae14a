export interface TopLevelTimes {
  /** What the thread may compute for the top level; that it is kept waiting for a core does not count. */
  readonly topLevelCpuMs: number;
  /** From its beginning to its end, for machines on which it does not come to compute that much. */
  readonly topLevelWallMs: number;
}

export interface ThreadClock {
  /** What this thread has computed so far. */
  cpuMs(): number;
  /** Time that passes; its beginning does not matter. */
  wallMs(): number;
}

const systemClock: ThreadClock = {
  cpuMs() {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  },
  wallMs: () => performance.now(),
};

/** Which of the times of a top level is over, if one is. */
export class TopLevelTime {
  private begun: { readonly cpuMs: number; readonly wallMs: number } | undefined;
  private passed: keyof TopLevelTimes | undefined;

  constructor(
    private readonly times: TopLevelTimes,
    private readonly clock: ThreadClock = systemClock,
  ) {}

  /** On the thread that runs it. Nothing is over before that. */
  begin(): void {
    this.begun = { cpuMs: this.clock.cpuMs(), wallMs: this.clock.wallMs() };
  }

  /** What a look has found, which stays so. */
  get over(): keyof TopLevelTimes | undefined {
    return this.passed;
  }

  look(): keyof TopLevelTimes | undefined {
    if (this.passed === undefined && this.begun !== undefined) this.passed = this.find(this.begun);
    return this.passed;
  }

  private find({ cpuMs, wallMs }: { readonly cpuMs: number; readonly wallMs: number }): keyof TopLevelTimes | undefined {
    const { topLevelCpuMs, topLevelWallMs } = this.times;
    const elapsedMs = this.clock.wallMs() - wallMs;
    // A thread cannot compute for longer than time has passed, and to ask for that is cheaper.
    if (elapsedMs > topLevelCpuMs && this.clock.cpuMs() - cpuMs > topLevelCpuMs) return 'topLevelCpuMs';
    return elapsedMs > topLevelWallMs ? 'topLevelWallMs' : undefined;
  }
}

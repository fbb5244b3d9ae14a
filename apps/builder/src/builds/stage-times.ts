import type { BuildOutcome, BuildStage } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';

/** How long a build was in each stage; a stage may come more than once. */
export class StageTimes {
  private readonly spentMs = new Map<BuildStage, number>();
  private current: BuildStage | undefined;
  private sinceMs = 0;

  constructor(private readonly clock: Clock) {}

  enter(stage: BuildStage): void {
    this.settle();
    this.current = stage;
    this.sinceMs = this.clock.nowMs();
  }

  /** Until now, in milliseconds with one decimal. */
  timings(): BuildOutcome['timings'] {
    this.settle();
    return Object.fromEntries([...this.spentMs].map(([stage, ms]) => [stage, Math.round(ms * 10) / 10]));
  }

  private settle(): void {
    const nowMs = this.clock.nowMs();
    if (this.current !== undefined) this.spentMs.set(this.current, (this.spentMs.get(this.current) ?? 0) + nowMs - this.sinceMs);
    this.sinceMs = nowMs;
  }
}

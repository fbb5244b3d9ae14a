import { type AppError, testerLimits } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import type { OutgoingRequest } from './gateway-request.js';
import { type CalledPlugin, RecordedCall } from './recorded-call.js';

/** What a request does beside calling plugins. */
export type StageTask = 'start-handling' | 'find-route' | 'read-body' | 'call-backend';

/** A stretch of time of a request; readings of its clock. */
export interface RecordedStage {
  readonly type: 'stage';
  readonly task: StageTask;
  readonly startMs: number;
  readonly stopMs: number;
  /** JSON values about it. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A slot that was passed over because the path is not one of its. */
export interface RecordedSkip {
  readonly type: 'skip';
  readonly plugin: CalledPlugin;
  readonly atMs: number;
}

export type RecordedStep = RecordedStage | RecordedSkip | RecordedCall;

/**
 * Everything that one request does, in order, noted down while it does it. Made for requests that somebody asked a report
 * or a trace of; all others have none. Keeps so many steps, and counts the rest.
 */
export class Recording {
  /** In the order in which they began. */
  readonly steps: RecordedStep[] = [];
  stepsLeftOut = 0;
  readonly startedAt: Date;
  readonly startMs: number;

  constructor(private readonly clock: Clock) {
    this.startedAt = clock.date();
    this.startMs = clock.nowMs();
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  /** Notes a stage that began at `startMs` and ends now. */
  stage(task: StageTask, startMs: number, facts: RecordedStage['facts'] = {}): void {
    this.addStage({ task, startMs, stopMs: this.nowMs(), facts });
  }

  /** The same for one that has ended before. */
  addStage(stage: Omit<RecordedStage, 'type'>): void {
    this.keep({ type: 'stage', ...stage });
  }

  /** Notes how long work that has just begun takes, however it ends. */
  async timed<Result>(task: StageTask, work: Promise<Result>, facts: RecordedStage['facts'] = {}): Promise<Result> {
    const startMs = this.nowMs();
    try {
      return await work;
    } finally {
      this.stage(task, startMs, facts);
    }
  }

  skip(plugin: CalledPlugin): void {
    this.keep({ type: 'skip', plugin, atMs: this.nowMs() });
  }

  /** Notes a plugin that could not be called. */
  notCalled(plugin: CalledPlugin, error: AppError): void {
    const call = new RecordedCall(plugin, undefined, this.clock);
    call.failed(error);
    this.keep(call);
  }

  /** Begins a call, which whoever makes it ends. */
  call(plugin: CalledPlugin, request: OutgoingRequest): RecordedCall {
    const call = new RecordedCall(plugin, request, this.clock);
    this.keep(call);
    return call;
  }

  private keep(step: RecordedStep): void {
    if (this.steps.length < testerLimits.stepsMax) this.steps.push(step);
    else this.stepsLeftOut += 1;
  }
}

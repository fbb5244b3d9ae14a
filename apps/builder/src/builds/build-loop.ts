import { BuildCancellation, type BuildIntake, type BuildKeys, BuildLogWriter, type TakenBuild } from '@torii/build-queue';
import type { BuildId, BuildOutcome, LanguageName } from '@torii/contracts';
import { type Clock, Deadline, type Logger } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import { ControlPlaneAway } from '../control-plane/control-plane-away.js';
import type { Languages } from '../languages/languages.js';
import type { BuilderMetrics } from '../metrics.js';
import { type BuildDeps, runBuild } from './build.processor.js';
import { BuildCancelled, BuilderStopping, deadlineExceeded } from './build-endings.js';
import { BuildLog } from './build-log.js';
import { giveAway } from './give-away.js';

export interface BuildLoopOptions {
  readonly intake: BuildIntake;
  readonly languages: Languages;
  readonly redis: Redis;
  readonly subscriber: Redis;
  readonly keys: BuildKeys;
  readonly deps: BuildDeps;
  /** Builds that run at once. */
  readonly slots: number;
  /** What one may take, from when it has a slot. */
  readonly timeoutMs: number;
  readonly metrics: BuilderMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** A build begins or ends. */
  readonly onChange: () => void;
}

interface RunningBuild {
  readonly buildId: BuildId;
  readonly ending: AbortController;
  readonly done: Promise<void>;
}

/** How often to look for builds, and for cancellations, without being rung: for what was put back, or a ring that was lost. */
const pollMs = 1_000;
const awayDelayMs = 1_000;
const awayDelayMaxMs = 30_000;

/**
 * Takes builds while there is a free slot, from one language after the other, and runs them. A build that is not taken
 * stays with the queue, for other builders.
 */
export class BuildLoop {
  /** One build may be here twice: an attempt that was lost ends while the next one runs. */
  private readonly running = new Set<RunningBuild>();
  private readonly cancellation: BuildCancellation;
  private readonly options: BuildLoopOptions;
  private timer: NodeJS.Timeout | undefined;
  private isTaking = false;
  private taking = Promise.resolve();
  private isRung = false;
  private isStopping = false;
  private turn = 0;

  constructor(options: BuildLoopOptions) {
    this.options = options;
    this.cancellation = new BuildCancellation(options);
    this.cancellation.subscribe((buildId) => this.cancel(buildId));
  }

  get runningCount(): number {
    return this.running.size;
  }

  start(): void {
    this.timer = setInterval(() => {
      this.ring();
      void this.lookForCancellations();
    }, pollMs);
    this.ring();
  }

  /** There may be a build to take. */
  ring(): void {
    this.isRung = true;
    if (!this.isTaking) this.taking = this.take();
  }

  /** Takes no more builds, gives those under way that time, and hands the others back. */
  async stop(drainMs: number): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    const timer = setTimeout(() => {
      for (const { ending } of this.running) ending.abort(new BuilderStopping());
    }, drainMs);
    await this.taking;
    await Promise.all([...this.running].map(({ done }) => done));
    clearTimeout(timer);
    this.cancellation.close();
  }

  /** Never rejects. */
  private async take(): Promise<void> {
    this.isTaking = true;
    while (this.isRung && !this.isStopping) {
      this.isRung = false;
      try {
        while (!this.isStopping && this.running.size < this.options.slots && (await this.takeOne()));
      } catch (error) {
        // Redis is away: its connection says so, and the next poll tries again.
        this.options.log.debug({ err: error }, 'no build taken');
      }
    }
    this.isTaking = false;
  }

  /** From the language whose turn it is, or the next one that has a build. False when none has. */
  private async takeOne(): Promise<boolean> {
    const { intake, languages, log } = this.options;
    const names = languages.available;
    for (let tried = 0; tried < names.length && !this.isStopping; tried++) {
      const name = names[this.turn++ % names.length] as LanguageName;
      const taken = await intake.take(name);
      if (taken === undefined) continue;
      // It was on its way when the builder began to stop.
      if (this.isStopping) await giveAway(taken, () => taken.handBack(), log);
      else this.begin(taken);
      return true;
    }
    return false;
  }

  private begin(taken: TakenBuild): void {
    const { buildId } = taken.job;
    const ending = new AbortController();
    const done = this.run(taken, ending).finally(() => {
      this.running.delete(build);
      this.options.onChange();
      this.ring();
    });
    const build: RunningBuild = { buildId, ending, done };
    this.running.add(build);
    this.options.onChange();
  }

  /** Never rejects. */
  private async run(taken: TakenBuild, ending: AbortController): Promise<void> {
    const { redis, keys, clock, timeoutMs, metrics, log } = this.options;
    const { job, attempts } = taken;
    const writer = new BuildLogWriter(redis, keys, job.buildId, clock);
    const buildLog = new BuildLog(writer, clock);
    const timer = setTimeout(() => ending.abort(deadlineExceeded(timeoutMs)), timeoutMs);
    const startedAtMs = clock.nowMs();
    const facts = { build: job.buildId, function: job.functionName, language: job.language, attempts };
    log.info(facts, 'build begun');
    if (attempts > 1) buildLog.say(`begun again, for the ${attempts - 1}. time`);
    let end: () => Promise<void>;
    try {
      const outcome = await this.outcomeOf(taken, ending, buildLog);
      metrics.finished(job.language, outcome);
      log.info({ ...facts, status: outcome.status, durationMs: Math.round(clock.nowMs() - startedAtMs) }, 'build finished');
      end = () => taken.complete(outcome);
    } catch (error) {
      end = this.whatNext(taken, error, buildLog);
    }
    clearTimeout(timer);
    const closeAndEnd = async (): Promise<void> => {
      await buildLog.close(); // first: whoever hears of the end reads the log
      await end();
    };
    await giveAway(taken, closeAndEnd, log);
  }

  private async outcomeOf(taken: TakenBuild, ending: AbortController, log: BuildLog): Promise<BuildOutcome> {
    const { languages, clock, timeoutMs, deps } = this.options;
    const language = languages.find(taken.job.language);
    if (language === undefined) throw new BuilderStopping(); // it has vanished since the build was taken
    if (await this.cancellation.isRequested(taken.job.buildId).catch(() => false)) ending.abort(new BuildCancelled());
    return runBuild(
      {
        ...language,
        job: taken.job,
        attempts: taken.attempts,
        log,
        deadline: Deadline.after(timeoutMs, clock),
        signal: AbortSignal.any([ending.signal, taken.lost]),
        onStage: (stage) => void taken.stage(stage),
      },
      deps,
    );
  }

  /** For a build that has no outcome. */
  private whatNext(taken: TakenBuild, error: unknown, buildLog: BuildLog): () => Promise<void> {
    const facts = { build: taken.job.buildId, attempts: taken.attempts, err: error };
    if (taken.lost.aborted) {
      this.options.log.warn(facts, 'build lost to another builder');
      buildLog.discard();
      return () => Promise.resolve(taken.abandon());
    }
    if (error instanceof BuilderStopping) {
      buildLog.say('the builder stops: another one begins the build again');
      this.options.log.info(facts, 'build handed back');
      return () => taken.handBack();
    }
    if (error instanceof ControlPlaneAway) {
      const delayMs = Math.min(awayDelayMs * 2 ** Math.min(taken.attempts - 1, 10), awayDelayMaxMs);
      buildLog.say(`${error.message}: the build is begun again in ${Math.round(delayMs / 1_000)} s`);
      this.options.log.warn({ ...facts, delayMs }, 'build postponed');
      return () => taken.postpone(delayMs);
    }
    buildLog.say('something went wrong on our side: the build is begun again, unless it was too often');
    this.options.log.error(facts, 'build failed through a fault of ours');
    this.options.metrics.fault(taken.job.language);
    return () => taken.fail(error instanceof Error ? error : new Error(String(error)));
  }

  private cancel(buildId: BuildId): void {
    for (const build of this.running) if (build.buildId === buildId) build.ending.abort(new BuildCancelled());
  }

  private async lookForCancellations(): Promise<void> {
    for (const { buildId } of this.running) {
      if (await this.cancellation.isRequested(buildId).catch(() => false)) this.cancel(buildId);
    }
  }
}

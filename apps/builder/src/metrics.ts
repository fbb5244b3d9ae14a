import type { BuildOutcome, LanguageName } from '@torii/contracts';

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/** What is looked up when metrics are asked for. */
export interface BuilderGauges {
  readonly running: number;
  readonly slots: number;
  readonly isRedisConnected: boolean;
  readonly available: readonly LanguageName[];
}

/** What a builder counts. Labels are languages, statuses and stages: bounded. */
export class BuilderMetrics {
  private readonly builds = new Map<string, number>();
  private readonly faults = new Map<string, number>();
  private readonly cached = new Map<string, number>();
  private readonly stageSeconds = new Map<string, number>();

  finished(language: LanguageName, outcome: BuildOutcome): void {
    add(this.builds, `language="${language}",status="${outcome.status}"`, 1);
    if (outcome.status === 'succeeded' && outcome.cached) add(this.cached, `language="${language}"`, 1);
    for (const [stage, ms] of Object.entries(outcome.timings)) add(this.stageSeconds, `language="${language}",stage="${stage}"`, (ms ?? 0) / 1_000);
  }

  /** A build failed through no fault of its source. */
  fault(language: LanguageName): void {
    add(this.faults, `language="${language}"`, 1);
  }

  /** In Prometheus' text format 0.0.4. */
  text({ running, slots, isRedisConnected, available }: BuilderGauges): string {
    const languages = new Map(available.map((name) => [`language="${name}"`, 1]));
    return [
      ...series('torii_builder_builds_total', 'counter', 'Builds that ended here, by how', this.builds),
      ...series('torii_builder_cached_total', 'counter', 'Builds whose module came from an earlier one', this.cached),
      ...series('torii_builder_faults_total', 'counter', 'Attempts that failed through no fault of the source', this.faults),
      ...series('torii_builder_stage_seconds_total', 'counter', 'Time spent in each stage', this.stageSeconds),
      ...series('torii_builder_running', 'gauge', 'Builds under way', new Map([['', running]])),
      ...series('torii_builder_slots', 'gauge', 'Builds that may run at once', new Map([['', slots]])),
      ...series('torii_builder_redis_connected', 'gauge', 'Whether the queue can be asked', new Map([['', isRedisConnected ? 1 : 0]])),
      ...series('torii_builder_language_available', 'gauge', 'Languages that can be built here', languages),
      '',
    ].join('\n');
  }
}

function add(counts: Map<string, number>, labels: string, amount: number): void {
  counts.set(labels, (counts.get(labels) ?? 0) + amount);
}

function series(name: string, type: string, help: string, values: ReadonlyMap<string, number>): string[] {
  const samples = [...values].map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples];
}

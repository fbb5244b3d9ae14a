import { randomUUID } from 'node:crypto';
import { BuildId, BuildJob, type BuildOutcome, type BuildJob as Job } from '@torii/contracts';

export function aBuildJob(changes: Partial<Job> = {}): BuildJob {
  return BuildJob.parse({
    schemaVersion: 1,
    buildId: aBuildId(),
    functionId: `fn_${randomUUID()}`,
    functionName: 'hello',
    version: 'dev',
    language: 'wat',
    entry: 'main.wat',
    functionNames: [],
    sourceSha256: '0'.repeat(64),
    settings: {},
    ...changes,
  });
}

export function aBuildId(): BuildId {
  return BuildId.parse(`bd_${randomUUID()}`);
}

export const succeeded: BuildOutcome = {
  status: 'succeeded',
  sha256: '1'.repeat(64),
  cacheKey: '2'.repeat(64),
  cached: false,
  toolchain: { wabt: '1.0.39' },
  smoke: null,
  timings: { compiling: 12.5 },
  warnings: [],
  attempts: 1,
};

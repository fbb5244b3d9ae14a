import { z } from 'zod';
import { BuildFailure, BuildStage, Diagnostic, diagnosticsMax, SmokeCall } from './build.js';
import { FunctionSettings, TestInput, VersionName } from './function.js';
import { BuilderId, BuildId, EntityName, FunctionId, Sha256 } from './ids.js';
import { LanguageName, LanguageStatus, Toolchain } from './language.js';

export const buildJobSchemaVersion = 1;

/** What a builder is asked to do. The sources are fetched by their hash, see `SourceTree`. */
export const BuildJob = z.strictObject({
  schemaVersion: z.literal(buildJobSchemaVersion),
  buildId: BuildId,
  functionId: FunctionId,
  functionName: EntityName,
  version: VersionName,
  language: LanguageName,
  entry: z.string(),
  functionNames: z.array(z.string()),
  sourceSha256: Sha256,
  settings: FunctionSettings,
  /** What the smoke call is made with. */
  testInput: TestInput.optional(),
});
export type BuildJob = z.infer<typeof BuildJob>;

const finished = {
  timings: z.partialRecord(BuildStage, z.number()),
  warnings: z.array(Diagnostic).max(diagnosticsMax),
  attempts: z.int(),
};

/** How a build ended: the return value of its job. A compile error is an outcome, not a failed job, and is not retried. */
export const BuildOutcome = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('succeeded'),
    sha256: Sha256,
    cacheKey: Sha256,
    cached: z.boolean(),
    toolchain: Toolchain,
    smoke: SmokeCall.nullable(),
    ...finished,
  }),
  z.strictObject({ status: z.literal('failed'), error: BuildFailure, toolchain: Toolchain.nullable(), ...finished }),
  z.strictObject({ status: z.literal('cancelled'), ...finished }),
]);
export type BuildOutcome = z.infer<typeof BuildOutcome>;

/** What an earlier build with the same key made. */
export const CachedBuild = z.strictObject({ sha256: Sha256, toolchain: Toolchain, warnings: z.array(Diagnostic).max(diagnosticsMax) });
export type CachedBuild = z.infer<typeof CachedBuild>;

/** What a builder says about itself, every few seconds. */
export const BuilderStatus = z.strictObject({
  id: BuilderId,
  host: z.string(),
  /** Where the control plane reaches it with the node token. */
  internalUrl: z.url(),
  languages: z.array(LanguageStatus),
  /** Builds that run now, and how many may. */
  running: z.int(),
  slots: z.int(),
  at: z.iso.datetime(),
});
export type BuilderStatus = z.infer<typeof BuilderStatus>;

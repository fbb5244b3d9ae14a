import { z } from 'zod';
import { VersionName } from './function.js';
import { BuildId, EntityName, FunctionId, PluginId, Sha256 } from './ids.js';
import { LanguageName, Toolchain } from './language.js';

/** Why a build failed. docs/builds.md has a section for each code; a test fails when the two differ. */
export const buildErrors = {
  'build.compile_failed': 'The source does not compile',
  'build.missing_entry': 'The file or function that the build begins with is not there',
  'build.dependencies_failed': 'A dependency cannot be had, or is of a kind that builds do not take',
  'build.artifact_rejected': 'The module that was built cannot run here',
  'build.smoke_failed': 'The module that was built fails as it starts',
  'build.deadline_exceeded': 'The build took too long',
  'build.memory_exceeded': 'The build needed more memory than it may have',
  'build.too_large': 'The build wrote more than it may',
  'build.toolchain_missing': 'No builder has what this language needs',
  'build.sandbox_unavailable': 'The builder has no sandbox to compile this language in',
  'build.internal': 'Something went wrong on our side, more than once',
} as const;
export type BuildErrorCode = keyof typeof buildErrors;
const BuildErrorCode = z.enum(Object.keys(buildErrors) as [BuildErrorCode, ...BuildErrorCode[]]);

/** What a compiler says about a place in the source; lines and columns begin at 1, columns count UTF-16 units. */
export const Diagnostic = z.strictObject({
  severity: z.enum(['error', 'warning']),
  message: z.string().max(8_000),
  file: z.string().max(512).optional(),
  line: z.int().min(1).optional(),
  column: z.int().min(1).optional(),
});
export type Diagnostic = z.infer<typeof Diagnostic>;

export const diagnosticsMax = 100;

export const BuildFailure = z.strictObject({
  code: BuildErrorCode,
  /** One sentence that says what to do. */
  detail: z.string().max(8_000),
  diagnostics: z.array(Diagnostic).max(diagnosticsMax),
});
export type BuildFailure = z.infer<typeof BuildFailure>;

/** What happened when the new module was called once, with the host functions of its settings and no network. */
export const SmokeCall = z.strictObject({
  functionName: z.string(),
  outcome: z.enum(['answered', 'failed', 'not_called']),
  /** What it answered, cut to a sample, or how it failed, or why it was not called. */
  detail: z.string().max(2_000),
  durationMs: z.number(),
});
export type SmokeCall = z.infer<typeof SmokeCall>;

export const BuildStage = z.enum([
  'queued',
  'fetching',
  'dependencies',
  'compiling',
  'verifying',
  'preparing',
  'smoke',
  'storing',
  'publishing',
  'done',
]);
export type BuildStage = z.infer<typeof BuildStage>;

export const BuildStatus = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']);
export type BuildStatus = z.infer<typeof BuildStatus>;

/** What a new version did to a plugin that follows it. */
export const Follower = z.strictObject({
  /** Left out when the plugin of an endpoint could not be made; the name is then the one it would have. */
  pluginId: PluginId.optional(),
  name: z.string(),
  outcome: z.enum(['updated', 'unchanged', 'refused']),
  /** The plugin's version that runs the new module. */
  version: z.int().optional(),
  /** Why the plugin could not take it. */
  detail: z.string().optional(),
});
export type Follower = z.infer<typeof Follower>;

/** Milliseconds spent in each stage. */
const Timings = z.partialRecord(BuildStage, z.number());

/** A build as the API answers it. */
export const Build = z.strictObject({
  id: BuildId,
  functionId: FunctionId,
  function: EntityName,
  version: VersionName,
  language: LanguageName,
  sourceSha256: Sha256,
  status: BuildStatus,
  stage: BuildStage,
  /** Whether the module came from an earlier build of the same source with the same tools. */
  cached: z.boolean(),
  /** How often it was begun: more than once when a builder died. */
  attempts: z.int(),
  sha256: Sha256.nullable(),
  error: BuildFailure.nullable(),
  warnings: z.array(Diagnostic).max(diagnosticsMax),
  smoke: SmokeCall.nullable(),
  toolchain: Toolchain.nullable(),
  timings: Timings,
  followers: z.array(Follower),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
});
export type Build = z.infer<typeof Build>;

export const BuildRequest = z.strictObject({ version: VersionName.default('dev') });
export type BuildRequest = z.infer<typeof BuildRequest>;

/** One entry of a build's log, as it is streamed and kept. */
export const BuildLogEntry = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('stage'), at: z.iso.datetime(), stage: BuildStage }),
  z.strictObject({ type: z.literal('line'), at: z.iso.datetime(), stream: z.enum(['torii', 'stdout', 'stderr']), text: z.string() }),
  z.strictObject({ type: z.literal('end'), at: z.iso.datetime(), status: BuildStatus }),
]);
export type BuildLogEntry = z.infer<typeof BuildLogEntry>;

/** What bounds the log of one build: what is more is dropped, and a line says so. */
export const buildLogLimits = { lineMaxBytes: 4_096, totalMaxBytes: 1_048_576, linesMax: 10_000 } as const;

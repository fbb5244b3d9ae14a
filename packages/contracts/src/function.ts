import { z } from 'zod';
import { ModuleExport, ModuleImport } from './artifact.js';
import { BuildId, EntityName, FunctionId, Sha256 } from './ids.js';
import { LanguageName, Toolchain } from './language.js';
import { type LimitName, pluginLimits } from './limits.js';
import { PluginSpec, releasePattern, Tags } from './plugin.js';
import { FilePath, SourceFile, sourceLimits } from './source-file.js';

/** A released version `1.2.0`, never to change, or `dev`, which each build without a version replaces. */
export const VersionName = z.union([z.literal('dev'), z.string().regex(releasePattern, 'must be dev, or a version such as 1.2.0')]);
export type VersionName = z.infer<typeof VersionName>;

/** What a plugin made of a function begins with; also what its runs are given. */
export const FunctionSettings = PluginSpec.pick({
  kind: true,
  functionName: true,
  hostFunctions: true,
  allowedHosts: true,
  allowPrivate: true,
  mapStore: true,
  config: true,
  isolation: true,
  limits: true,
}).extend({ functionName: z.string().min(1).max(256).optional() });
export type FunctionSettings = z.infer<typeof FunctionSettings>;

const { shape } = PluginSpec;
/** Some of the settings, to take the place of those a function has; what results is parsed as `FunctionSettings`. */
export const FunctionSettingsPatch = z
  .strictObject({
    kind: shape.kind.unwrap(),
    functionName: z.string().min(1).max(256),
    hostFunctions: shape.hostFunctions.unwrap(),
    allowedHosts: shape.allowedHosts.unwrap(),
    allowPrivate: shape.allowPrivate.unwrap(),
    mapStore: shape.mapStore.unwrap(),
    config: shape.config.unwrap(),
    isolation: shape.isolation.unwrap(),
    limits: z.partialRecord(z.enum(Object.keys(pluginLimits) as [LimitName, ...LimitName[]]), z.int().min(0)),
  })
  .partial();
export type FunctionSettingsPatch = z.infer<typeof FunctionSettingsPatch>;

const functionName = z.string().regex(/^[A-Za-z_$][\w$]{0,255}$/, 'must be the name of a function');

/** An input to try a function with: JSON, or text where `input` is a string. */
export const TestInput = z.strictObject({ name: z.string().min(1).max(100), functionName: functionName.optional(), input: z.json() });
export type TestInput = z.infer<typeof TestInput>;

/** What an admin writes; fields left out take their defaults. */
export const FunctionSpec = z.strictObject({
  name: EntityName,
  description: z.string().max(2000).default(''),
  tags: Tags.default([]),
  language: LanguageName,
  /** The file builds begin with; the language's own when left out. */
  entry: FilePath.optional(),
  /** Functions that a build must export; empty for whatever the source exports. */
  functionNames: z.array(functionName).max(64).default([]),
  testInputs: z.array(TestInput).max(32).default([]),
  settings: FunctionSettings.prefault({}),
  /** Answers at `/fn/<name>` on every node, without a route of its own, from the moment there is such a version. */
  endpoint: z.strictObject({ enabled: z.boolean().default(false), version: z.enum(['latest', 'dev']).default('latest') }).prefault({}),
});
export type FunctionSpec = z.infer<typeof FunctionSpec>;
export type FunctionSpecInput = z.input<typeof FunctionSpec>;

/**
 * The sources that a write may bring along: files, or the name of a template of the language. On create one of them is
 * needed or the template `empty` is taken; on update the sources stay as they are when both are left out.
 */
export const FunctionSources = z.strictObject({
  files: z.array(SourceFile).max(sourceLimits.filesMax).optional(),
  template: z.string().min(1).max(63).optional(),
});
export type FunctionSources = z.infer<typeof FunctionSources>;

/** A function as the API answers it. */
export const FunctionEntity = FunctionSpec.extend({
  id: FunctionId,
  source: z.strictObject({ sha256: Sha256, files: z.int(), bytes: z.int() }),
  /** The highest released version; null before the first. */
  latestVersion: z.string().nullable(),
  /** When `dev` was last built; null before that. */
  devBuiltAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type FunctionEntity = z.infer<typeof FunctionEntity>;

/** What one successful build made. Immutable, except that a new build of `dev` takes the place of the last. */
export const FunctionVersion = z.strictObject({
  functionId: FunctionId,
  version: VersionName,
  sha256: Sha256,
  size: z.int(),
  imports: z.array(ModuleImport),
  exports: z.array(ModuleExport),
  language: LanguageName,
  toolchain: Toolchain,
  sourceSha256: Sha256,
  buildId: BuildId,
  createdAt: z.iso.datetime(),
});
export type FunctionVersion = z.infer<typeof FunctionVersion>;

/** What changed from one version to another. */
export const FunctionDiff = z.strictObject({
  from: VersionName,
  to: VersionName,
  files: z.array(
    z.strictObject({
      path: z.string(),
      change: z.enum(['added', 'removed', 'modified']),
      /** Unified diff; left out for files that are not text or too large to compare. */
      patch: z.string().optional(),
    }),
  ),
  imports: z.strictObject({ added: z.array(z.string()), removed: z.array(z.string()) }),
  exports: z.strictObject({ added: z.array(z.string()), removed: z.array(z.string()) }),
  /** Bytes that the module grew by; negative when it shrank. */
  sizeChange: z.int(),
  toolchain: z.array(z.strictObject({ name: z.string(), from: z.string().nullable(), to: z.string().nullable() })),
});
export type FunctionDiff = z.infer<typeof FunctionDiff>;

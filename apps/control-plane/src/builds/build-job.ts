import { canonicalJson } from '@torii/config-sync';
import { type BuildId, BuildJob, buildJobSchemaVersion, type FunctionEntity, languages, type VersionName } from '@torii/contracts';

/** What a builder is asked to do for a function as it is now. */
export function buildJobOf(entity: FunctionEntity, version: VersionName, buildId: BuildId): BuildJob {
  const testInput = entity.testInputs[0];
  return BuildJob.parse({
    schemaVersion: buildJobSchemaVersion,
    buildId,
    functionId: entity.id,
    functionName: entity.name,
    version,
    language: entity.language,
    entry: entity.entry ?? languages[entity.language].entry,
    functionNames: entity.functionNames,
    sourceSha256: entity.source.sha256,
    settings: entity.settings,
    ...(testInput === undefined ? {} : { testInput }),
  });
}

/** Whether two jobs ask for the same in every respect. */
export function isSameWork(one: BuildJob, other: BuildJob): boolean {
  return canonicalJson({ ...one, buildId: other.buildId }) === canonicalJson(other);
}

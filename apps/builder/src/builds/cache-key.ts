import { canonicalJson, sha256 } from '@torii/config-sync';
import type { BuildJob, Toolchain } from '@torii/contracts';

/** Grows with every change of ours after which the same source and the same tools make another module. */
const compilerRevision = 1;

/** The same for builds that make the same module, whichever functions they are for: neither name nor settings are part of it. */
export function cacheKey(job: BuildJob, toolchain: Toolchain): string {
  const { language, sourceSha256, entry, functionNames } = job;
  return sha256(canonicalJson({ compilerRevision, language, toolchain, sourceSha256, entry, functionNames }));
}

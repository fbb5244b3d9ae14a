import { Artifact, defaultWorkspace } from '@torii/contracts';
import type { Prisma } from '../prisma/generated/client.js';

export interface ArtifactRow {
  readonly sha256: string;
  readonly size: number;
  readonly description: unknown;
}

export function toArtifact(row: ArtifactRow): Artifact {
  return Artifact.parse({ ...(row.description as object), sha256: row.sha256, size: row.size });
}

/** For a statement that adds them. By their hashes: two that add some of the same in different orders would wait for each other. */
export function artifactRows(modules: readonly ArtifactRow[], createdAt: Date) {
  const sorted = [...modules].sort((one, other) => (one.sha256 < other.sha256 ? -1 : 1));
  return sorted.map(({ sha256, size, description }) => {
    return { sha256, workspace: defaultWorkspace, size, description: description as Prisma.InputJsonObject, createdAt };
  });
}

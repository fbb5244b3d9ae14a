import { Artifact } from '@torii/contracts';

export interface ArtifactRow {
  readonly sha256: string;
  readonly size: number;
  readonly description: unknown;
}

export function toArtifact(row: ArtifactRow): Artifact {
  return Artifact.parse({ ...(row.description as object), sha256: row.sha256, size: row.size });
}

import { AppError, artifactMaxBytes } from '@torii/contracts';
import { BoundedFolder, type Logger, type Secret } from '@torii/service-kit';
import { sha256 } from './snapshot-digest.js';

export interface ArtifactCacheOptions {
  /** Holds one file per artifact, named by its sha256. */
  readonly directory: string;
  /** The least recently used artifacts go when the folder holds more. */
  readonly maxBytes: number;
  readonly controlPlaneUrl: string;
  readonly nodeToken: Secret;
  readonly fetchTimeoutMs: number;
  readonly log: Logger;
}

/** Artifacts by sha256: from disk, else from the control plane; verified either way. */
export class ArtifactCache {
  private readonly options: ArtifactCacheOptions;
  private readonly folder: BoundedFolder;

  constructor(options: ArtifactCacheOptions) {
    this.options = options;
    this.folder = new BoundedFolder(options);
  }

  /**
   * The bytes with that sha256. Throws `config.unknown_artifact` when the control plane does not have it or does not
   * answer in time, `config.digest_mismatch` when it sends other bytes. A disk that cannot be written is no error.
   */
  async get(digest: string): Promise<Uint8Array> {
    const cached = await this.fromDisk(digest);
    if (cached !== undefined) return cached;
    const bytes = await this.fromControlPlane(digest);
    await this.folder
      .write(digest, [bytes], { isFlushed: true })
      .catch((error: unknown) => this.options.log.warn({ err: error, digest }, 'artifact not cached'));
    return bytes;
  }

  private async fromDisk(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await this.folder.read(digest);
    if (bytes === undefined) return undefined;
    if (sha256(bytes) !== digest) {
      this.options.log.warn({ digest }, 'cached artifact is damaged and fetched again');
      await this.folder.remove(digest);
      return undefined;
    }
    await this.folder.touch(digest);
    return bytes;
  }

  private async fromControlPlane(digest: string): Promise<Uint8Array> {
    const url = new URL(`/internal/artifacts/${digest}`, this.options.controlPlaneUrl);
    let bytes: Uint8Array;
    try {
      const response = await fetch(url, {
        headers: { authorization: `Bearer ${this.options.nodeToken.reveal()}` },
        redirect: 'error',
        signal: AbortSignal.timeout(this.options.fetchTimeoutMs),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw new AppError('config.unknown_artifact', { detail: `the control plane answered ${response.status} for artifact ${digest}` });
      }
      bytes = await readBounded(response, artifactMaxBytes);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('config.unknown_artifact', { detail: `artifact ${digest} cannot be fetched from the control plane`, cause: error });
    }
    if (sha256(bytes) !== digest)
      throw new AppError('config.digest_mismatch', { detail: `the control plane sent other bytes for artifact ${digest}` });
    return bytes;
  }
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

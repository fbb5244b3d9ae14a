import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { AppError, artifactMaxBytes } from '@torii/contracts';
import type { Logger, Secret } from '@torii/service-kit';
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

/** A folder over its bound is cleared to this part of it, so that not every artifact that is added looks through it again. */
const keptPart = 0.9;

/** Artifacts by sha256: from disk, else from the control plane; verified either way. */
export class ArtifactCache {
  /** Undefined until the folder was looked through. */
  private totalBytes: number | undefined;

  constructor(private readonly options: ArtifactCacheOptions) {}

  /**
   * The bytes with that sha256. Throws `config.unknown_artifact` when the control plane does not have it or does not
   * answer in time, `config.digest_mismatch` when it sends other bytes. A disk that cannot be written is no error.
   */
  async get(digest: string): Promise<Uint8Array> {
    const cached = await this.fromDisk(digest);
    if (cached !== undefined) return cached;
    const bytes = await this.fromControlPlane(digest);
    await this.toDisk(digest, bytes).catch((error: unknown) => this.options.log.warn({ err: error, digest }, 'artifact not cached'));
    return bytes;
  }

  private async fromDisk(digest: string): Promise<Uint8Array | undefined> {
    const file = path.join(this.options.directory, digest);
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) return undefined;
    if (sha256(bytes) !== digest) {
      this.options.log.warn({ digest }, 'cached artifact is damaged and fetched again');
      await rm(file, { force: true }).catch(() => undefined);
      return undefined;
    }
    const now = new Date();
    await utimes(file, now, now).catch(() => undefined);
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

  private async toDisk(digest: string, bytes: Uint8Array): Promise<void> {
    const { directory } = this.options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const temporary = path.join(directory, `.${digest}.${randomUUID()}`);
    try {
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path.join(directory, digest)); // whole or not at all, also when we are killed here
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    this.totalBytes = this.totalBytes === undefined ? await this.prune(digest) : this.totalBytes + bytes.length;
    if (this.totalBytes > this.options.maxBytes) this.totalBytes = await this.prune(digest);
  }

  /** Removes what was not used for longest until the folder is within its bound; answers what is left (bytes). */
  private async prune(keep: string): Promise<number> {
    const { directory, maxBytes } = this.options;
    const files = await Promise.all(
      (await readdir(directory)).map(async (name) => {
        const entry = await stat(path.join(directory, name)).catch(() => undefined);
        return { name, size: entry?.size ?? 0, usedAt: entry?.mtimeMs ?? 0 };
      }),
    );
    let total = files.reduce((sum, file) => sum + file.size, 0);
    if (total <= maxBytes) return total;
    for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= maxBytes * keptPart) break;
      if (file.name === keep) continue;
      await rm(path.join(directory, file.name), { force: true });
      total -= file.size;
    }
    return total;
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

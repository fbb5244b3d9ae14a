import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { AppError, artifactMaxBytes } from '@torii/contracts';

const filePrefix = 'upload-';
/** Longer than any request may take. */
const staleAfterMs = 3_600_000;

export interface ReceivedUpload {
  readonly file: string;
  readonly sha256: string;
  readonly size: number;
}

/**
 * Writes a stream to a file of its own in `directory`, hashing on the way, and never holds more than a chunk of it.
 *
 * The caller deletes the file. Throws `client.body_too_large` as soon as there are too many bytes, `client.gone` when
 * the stream breaks off; then there is no file, and the rest of the stream is the caller's to drain.
 */
export async function receiveUpload(stream: Readable, directory: string): Promise<ReceivedUpload> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, `${filePrefix}${randomUUID()}`);
  const hash = createHash('sha256');
  let size = 0;
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      // A request that is destroyed with bytes still to come blocks its connection for good.
      const chunks: AsyncIterable<Uint8Array> = stream.iterator({ destroyOnReturn: false });
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > artifactMaxBytes) throw tooLarge();
        hash.update(chunk);
        await handle.writeFile(chunk);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(file, { force: true });
    if (isBrokenOff(error)) throw new AppError('client.gone', { cause: error });
    throw error;
  }
  return { file, sha256: hash.digest('hex'), size };
}

/** Deletes what uploads of a process that was killed have left; those of others, still on their way, are younger. */
export async function removeStaleUploads(directory: string, now: Date): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(filePrefix))) {
    const file = path.join(directory, name);
    const changed = await stat(file).catch(() => undefined);
    if (changed !== undefined && now.getTime() - changed.mtimeMs > staleAfterMs) await rm(file, { force: true });
  }
}

export function tooLarge(): AppError {
  return new AppError('client.body_too_large', { detail: `an artifact may have ${artifactMaxBytes} bytes` });
}

function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE');
}

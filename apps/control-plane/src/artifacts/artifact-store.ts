import { createReadStream } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { defaultWorkspace } from '@torii/contracts';
import type { Prisma } from '../prisma/generated/client.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';
import type { ModuleDescription } from './inspect-module.js';
import type { ReceivedUpload } from './receive-upload.js';

/**
 * Size of the pieces in the database: what a reader or writer holds in memory at a time. Fixed for good: pieces that a
 * crash has left are taken as they are by the next upload of the same bytes.
 */
const chunkBytes = 512 * 1024;

/** The bytes of artifacts in the database, in pieces. */
@Injectable()
export class ArtifactStore {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Stores the upload and runs `alsoDo` in the transaction that makes it visible; false, without running it, when the
   * artifact is there already, also when somebody else is just storing it.
   *
   * The pieces go first, each by itself: a crash leaves pieces nobody sees, and the next upload of the same bytes
   * finds them right, since their address is the hash of the whole.
   */
  async add(upload: ReceivedUpload, description: ModuleDescription, at: Date, alsoDo: (tx: Transaction) => Promise<void>): Promise<boolean> {
    await this.addChunks(upload);
    return this.prisma.$transaction(async (tx) => {
      // Waits for another transaction that stores the same artifact, and then finds it there.
      const { count } = await tx.artifact.createMany({
        data: {
          sha256: upload.sha256,
          workspace: defaultWorkspace,
          size: upload.size,
          description: description as unknown as Prisma.InputJsonObject,
          createdAt: at,
        },
        skipDuplicates: true,
      });
      if (count === 0) return false;
      await alsoDo(tx);
      return true;
    });
  }

  /** The pieces in order; ends early when there are none. */
  async *read(sha256: string): AsyncGenerator<Uint8Array, void, undefined> {
    for (let seq = 0; ; seq += 1) {
      const { rows } = await this.prisma.pool.query<{ bytes: Buffer }>('SELECT bytes FROM artifact_chunks WHERE sha256 = $1 AND seq = $2', [
        sha256,
        seq,
      ]);
      const chunk = rows[0]?.bytes;
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  private async addChunks(upload: ReceivedUpload): Promise<void> {
    let seq = 0;
    for await (const bytes of createReadStream(upload.file, { highWaterMark: chunkBytes })) {
      await this.prisma.pool.query(
        'INSERT INTO artifact_chunks (sha256, seq, workspace, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT (sha256, seq) DO NOTHING',
        [upload.sha256, seq, defaultWorkspace, bytes],
      );
      seq += 1;
    }
  }
}

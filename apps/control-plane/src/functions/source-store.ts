import { Inject, Injectable } from '@nestjs/common';
import { AppError, defaultWorkspace, SourceTree } from '@torii/contracts';
import { StoredObjects } from '../objects/stored-objects.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';
import type { CheckedTree } from './source-tree.js';

/** Trees as objects. Each of these waits for a store: none is for a transaction that others wait for. */
@Injectable()
export class SourceStore {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(StoredObjects) private readonly objects: StoredObjects,
  ) {}

  /** Before the row that `storeTree` adds. */
  async write({ sha256, canonical }: Pick<CheckedTree, 'sha256' | 'canonical'>): Promise<void> {
    const bytes = Buffer.from(canonical);
    await this.objects.write({ sha256, size: bytes.length, open: () => oneChunk(bytes) });
  }

  /** The tree with that hash. Throws `client.not_found`, or as stores do. */
  async read(sha256: string): Promise<SourceTree> {
    const row = await this.prisma.functionSource.findUnique({ where: { sha256 }, select: { tree: true } });
    if (row === null) throw new AppError('client.not_found', { detail: 'there are no sources with this sha256' });
    return SourceTree.parse(row.tree ?? JSON.parse((await this.objects.readAll(sha256, `the sources ${sha256}`)).toString()));
  }
}

/** Keeps a tree, once for all that have the same, whose object is written. */
export async function storeTree(tx: Transaction, checked: CheckedTree, at: Date): Promise<void> {
  const { files } = checked.tree;
  await tx.functionSource.createMany({
    data: {
      sha256: checked.sha256,
      workspace: defaultWorkspace,
      paths: files.map(({ path }) => path),
      files: files.length,
      bytes: checked.bytes,
      createdAt: at,
    },
    skipDuplicates: true,
  });
}

/** Which files are in the tree with that hash; no store is asked. Throws `client.not_found`. */
export async function pathsOf(tx: Transaction, sha256: string): Promise<string[]> {
  const row = await tx.functionSource.findUnique({ where: { sha256 }, select: { paths: true } });
  if (row === null) throw new AppError('client.not_found', { detail: 'there are no sources with this sha256' });
  return row.paths;
}

/** Forgets those trees that no function, version or build has any more; their objects are removed in time. */
export async function removeUnusedTrees(tx: Transaction, sha256s: readonly string[]): Promise<void> {
  const unused = { functions: { none: {} }, versions: { none: {} }, builds: { none: {} } };
  await tx.functionSource.deleteMany({ where: { sha256: { in: [...sha256s] }, ...unused } });
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

import { AppError, defaultWorkspace, SourceTree } from '@torii/contracts';
import type { Prisma } from '../prisma/generated/client.js';
import type { Transaction } from '../prisma/prisma.service.js';
import type { CheckedTree } from './source-tree.js';

/** Keeps a tree, once for all that have the same. */
export async function storeTree(tx: Transaction, checked: CheckedTree, at: Date): Promise<void> {
  await tx.functionSource.createMany({
    data: {
      sha256: checked.sha256,
      workspace: defaultWorkspace,
      tree: checked.tree as Prisma.InputJsonObject,
      files: checked.tree.files.length,
      bytes: checked.bytes,
      createdAt: at,
    },
    skipDuplicates: true,
  });
}

/** The tree with that hash. Throws `client.not_found`. */
export async function readTree(tx: Transaction, sha256: string): Promise<SourceTree> {
  const row = await tx.functionSource.findUnique({ where: { sha256 }, select: { tree: true } });
  if (row === null) throw new AppError('client.not_found', { detail: 'there are no sources with this sha256' });
  return SourceTree.parse(row.tree);
}

/** Forgets those trees that no function, version or build has any more. */
export async function removeUnusedTrees(tx: Transaction, sha256s: readonly string[]): Promise<void> {
  const unused = { functions: { none: {} }, versions: { none: {} }, builds: { none: {} } };
  await tx.functionSource.deleteMany({ where: { sha256: { in: [...sha256s] }, ...unused } });
}

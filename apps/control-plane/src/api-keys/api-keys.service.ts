import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { defaultWorkspace, idPrefixes, Scope } from '@torii/contracts';
import { Secret } from '@torii/service-kit';
import { v7 } from 'uuid';
import type { Principal } from '../auth/principal.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';

const keyBytes = 32;
const shownPrefixLength = 12;

/** Admin keys: 256 random bits each, of which only a sha256 is kept. */
@Injectable()
export class ApiKeysService {
  constructor(private readonly prisma: PrismaService) {}

  async find(key: string): Promise<Principal | undefined> {
    const hash = hashOf(key);
    const row = await this.prisma.adminKey.findUnique({ where: { hash } });
    if (row === null || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return undefined;
    // A scope that a later version has written and this one does not know grants nothing.
    return { id: row.id, name: row.name, scopes: row.scopes.flatMap((scope) => Scope.safeParse(scope).data ?? []) };
  }

  /** Stores the hash of a key and answers its id. */
  async create(tx: Transaction, key: Secret, name: string, scopes: readonly Scope[], at: Date): Promise<string> {
    const text = key.reveal();
    const id = `${idPrefixes.key}_${v7()}`;
    await tx.adminKey.create({
      data: {
        id,
        workspace: defaultWorkspace,
        name,
        hash: hashOf(text),
        prefix: text.slice(0, shownPrefixLength),
        scopes: [...scopes],
        createdAt: at,
      },
    });
    return id;
  }
}

export function newKey(): Secret {
  return new Secret(`torii_${randomBytes(keyBytes).toString('base64url')}`);
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

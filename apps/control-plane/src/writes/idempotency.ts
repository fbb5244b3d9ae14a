import { canonicalJson, sha256 } from '@torii/config-sync';
import { AppError, defaultWorkspace } from '@torii/contracts';
import { z } from 'zod';
import { Answer } from '../http/answer.js';
import type { RequestContext } from '../http/request-context.js';
import { Prisma } from '../prisma/generated/client.js';
import type { Transaction } from '../prisma/prisma.service.js';

const keptMs = 24 * 3_600_000;

const StoredHeaders = z.record(z.string(), z.string());

/**
 * Does the work of a request with an `Idempotency-Key` once: the same request again gets the same answer, whether or
 * not the first answer arrived. Part of the write's transaction; of two requests with one key the second waits until the
 * first is committed, also where they hold no other lock.
 *
 * Throws `client.conflict` when the key was used with another request, `client.bad_request` when it is no key.
 */
export async function once(
  tx: Transaction,
  context: RequestContext,
  request: { readonly body: unknown; readonly now: Date },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const key = context.idempotencyKey;
  if (key === undefined) return work();
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new AppError('client.bad_request', { detail: 'Idempotency-Key must be 1 to 255 visible characters' });
  const id = { workspace: defaultWorkspace, principal: context.actor, key };
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`idempotency ${id.workspace} ${id.principal} ${key}`}, 0))`;
  const expired = new Date(request.now.getTime() - keptMs);
  await tx.idempotencyKey.deleteMany({ where: { createdAt: { lt: expired } } });

  const fingerprint = sha256(`${context.method} ${context.path}\n${canonicalJson(request.body)}`);
  const earlier = await tx.idempotencyKey.findUnique({ where: { workspace_principal_key: id } });
  if (earlier !== null) {
    if (earlier.fingerprint === fingerprint) return new Answer(earlier.status, earlier.body ?? undefined, StoredHeaders.parse(earlier.headers));
    throw new AppError('client.conflict', { detail: 'this Idempotency-Key was used with another request' });
  }
  const answer = await work();
  await tx.idempotencyKey.create({
    data: {
      ...id,
      fingerprint,
      status: answer.status,
      headers: { ...answer.headers },
      body: answer.body === undefined ? Prisma.JsonNull : (answer.body as Prisma.InputJsonObject),
      createdAt: request.now,
    },
  });
  return answer;
}

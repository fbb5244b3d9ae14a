import { canonicalJson, sha256 } from '@torii/config-sync';
import { AppError } from '@torii/contracts';

/** A strong entity tag (RFC 9110, 8.8.3): equal for equal representations. */
export function etagOf(representation: unknown): string {
  return `"${sha256(canonicalJson(representation))}"`;
}

export interface Preconditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/**
 * Throws `client.stale_revision` when a write is conditional (RFC 9110, 13.1) and the entity is not as the caller knows
 * it; `etag` is undefined where there is no entity.
 */
export function checkPreconditions(conditions: Preconditions, etag: string | undefined): void {
  const headers = etag === undefined ? {} : { etag };
  if (conditions.ifMatch !== undefined && !matches(conditions.ifMatch, etag)) {
    const detail = etag === undefined ? 'If-Match is given, but there is no such entity' : 'the entity is not the one If-Match names: read it again';
    throw new AppError('client.stale_revision', { detail, headers });
  }
  if (conditions.ifNoneMatch !== undefined && matches(conditions.ifNoneMatch, etag)) {
    throw new AppError('client.stale_revision', { detail: 'If-None-Match is given, and the entity exists', headers });
  }
}

/** Whether a reader who sends `If-None-Match` already has this representation. */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  return ifNoneMatch !== undefined && matches(ifNoneMatch.replaceAll('W/', ''), etag);
}

function matches(list: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  return list.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etag);
}

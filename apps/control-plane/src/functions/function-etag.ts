import { canonicalJson, sha256 } from '@torii/config-sync';
import type { FunctionEntity } from '@torii/contracts';
import { checkPreconditions, type Preconditions } from '../http/etag.js';
import { setByBuilds } from './function.mapper.js';

const tagPattern = /"([0-9a-f]{64})-[0-9a-f]{16}"/g;

/**
 * The entity tag of a function in two parts: what admins write, its sources among it, and what builds add. Readers need
 * both; a write is stale only when the first differs, so that a build that ends between a read and a write of the
 * editor does not refuse the write.
 */
export function functionEtag(entity: FunctionEntity): string {
  return `"${writtenPart(entity)}-${builtPart(entity)}"`;
}

/** `checkPreconditions` for functions; undefined where there is none. */
export function checkFunctionPreconditions(conditions: Preconditions, entity: FunctionEntity | undefined): void {
  if (entity === undefined) {
    checkPreconditions(conditions, undefined);
    return;
  }
  const etag = functionEtag(entity);
  const written = writtenPart(entity);
  const ifMatch = conditions.ifMatch?.replaceAll(tagPattern, (tag, part) => (part === written ? etag : tag));
  checkPreconditions({ ifMatch, ifNoneMatch: conditions.ifNoneMatch }, etag);
}

function writtenPart(entity: FunctionEntity): string {
  const written = Object.entries(entity).filter(([name]) => !setByBuilds.some((field) => field === name));
  return sha256(canonicalJson(Object.fromEntries(written)));
}

function builtPart({ latestVersion, devBuiltAt }: FunctionEntity): string {
  return sha256(canonicalJson([latestVersion, devBuiltAt])).slice(0, 16);
}
